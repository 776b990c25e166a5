/** How the MCP server names itself: in every answer of the newest revision, so in few words. */
import { apiVersion } from "@kalshibook/core/contract/KalshiBookApi"

export const serverInfo = { name: "kalshibook", title: "KalshiBook", version: apiVersion }
