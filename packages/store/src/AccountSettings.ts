/**
 * What a customer sets himself of his account. Acts for that account alone, as the API's own role; everything else of an account is for
 * whoever operates the service (`Accounts`).
 */
import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { type Account, type AccountRow, accountOf } from "./Accounts.ts"
import { AccountsState } from "./AccountsState.ts"
import { acting } from "./AsAccount.ts"
import { during, type HotTierError } from "./HotTierError.ts"
import { int8 } from "./PgNumbers.ts"

export class AccountSettings extends Context.Service<
  AccountSettings,
  {
    /** Credits a month at most; `null` for no cap. `None` when there is no such account. Other nodes follow within seconds. */
    readonly setCap: (
      accountId: string,
      capCredits: number | null
    ) => Effect.Effect<Option.Option<Account>, HotTierError>
  }
>()("@kalshibook/store/AccountSettings") {
  static readonly layerNoDeps: Layer.Layer<AccountSettings, never, SqlClient.SqlClient> = Layer.effect(
    AccountSettings,
    Effect.map(SqlClient.SqlClient, (sql) =>
      AccountSettings.of({
        setCap: (accountId, capCredits) =>
          sql<AccountRow>`
            update accounts set cap_credits = ${int8(capCredits)} where account_id = ${accountId}::text::uuid
            returning account_id, name, tier, terms, cap_credits`.pipe(
            acting(sql, { account_id: accountId }),
            Effect.map(([row]) => Option.map(Option.fromUndefinedOr(row), accountOf)),
            during("setCap")
          )
      })
    )
  )

  /** The same contract in memory. */
  static readonly layerMemory: Layer.Layer<AccountSettings> = Layer.effect(
    AccountSettings,
    Effect.map(AccountsState, ({ accounts }) =>
      AccountSettings.of({
        setCap: (accountId, capCredits) =>
          Effect.sync(() => {
            const account = accounts.get(accountId)
            if (account === undefined) return Option.none()
            const changed = { ...account, capCredits }
            accounts.set(accountId, changed)
            return Option.some(changed)
          })
      })
    )
  ).pipe(Layer.provide(AccountsState.layer))
}
