/** How the site is built: one document, hashed names, and the libraries that change rarely apart from what changes often. */
import tailwindcss from "@tailwindcss/vite"
import { defineConfig } from "vite"

export default defineConfig({
  plugins: [tailwindcss()],
  build: {
    target: "es2024",
    emptyOutDir: true,
    // An inlined script or image would need an exception of the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      checks: { pluginTimings: false },
      // Libraries mark what runs in browsers alone: here everything does.
      onLog: (level, log, handle) => (log.code === "MODULE_LEVEL_DIRECTIVE" ? undefined : handle(level, log))
    },
    manifest: "manifest.json"
  },
  server: {
    proxy: Object.fromEntries(
      ["/v1", "/openapi.json", "/docs", "/site.json", "/problems", "/auth"].map((path) => [
        path,
        { target: `http://127.0.0.1:${process.env["KALSHIBOOK_API_PORT"] ?? 4_000}`, ws: true }
      ])
    )
  }
})
