/** How a purchase is named among the credits that came to an account, so that each is added once. */
import type { PurchaseFacts } from "@kalshibook/core/Standing"

const purchasePrefix = "stripe "

export const referenceOf = ({ reference }: PurchaseFacts): string => `${purchasePrefix}${reference}`
