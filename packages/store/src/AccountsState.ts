/** What the twins in memory of accounts, keys and ledger share when they are built together. */
import * as CreditBalance from "@kalshibook/core/CreditBalance"
import type { TokenBucket } from "@kalshibook/core/TokenBucket"
import { Context, Layer } from "effect"
import type { Account } from "./Accounts.ts"
import type { KeyRecord } from "./KeyRecord.ts"
import type { TicketHolder } from "./Keys.ts"
import type { LedgerEntry } from "./LedgerMemory.ts"
import type { Member } from "./MemberRecord.ts"
import type { RequestError } from "./RequestLog.ts"

export class AccountsState extends Context.Service<
  AccountsState,
  {
    readonly accounts: Map<string, Account>
    readonly keys: Map<string, KeyRecord & { readonly hash: Uint8Array }>
    /** By hash in hexadecimal. */
    readonly tickets: Map<string, { readonly holder: TicketHolder; readonly expiresMicros: number }>
    /** By account, then by person. */
    readonly members: Map<string, Map<string, Member>>
    /** Accounts that were deleted. */
    readonly closed: Set<string>
    readonly balances: Map<string, CreditBalance.CreditBalance>
    readonly purchases: Set<string>
    readonly entries: Map<string, LedgerEntry>
    /** By their ids. */
    readonly requestErrors: Map<string, RequestError>
    readonly buckets: Map<string, TokenBucket>
    readonly balanceOf: (accountId: string) => CreditBalance.CreditBalance
  }
>()("@kalshibook/store/AccountsState") {
  static readonly layer: Layer.Layer<AccountsState> = Layer.sync(AccountsState, () => {
    const balances = new Map<string, CreditBalance.CreditBalance>()
    return AccountsState.of({
      accounts: new Map(),
      keys: new Map(),
      tickets: new Map(),
      members: new Map(),
      closed: new Set(),
      balances,
      purchases: new Set(),
      entries: new Map(),
      requestErrors: new Map(),
      buckets: new Map(),
      balanceOf: (accountId) => balances.get(accountId) ?? CreditBalance.empty
    })
  })
}
