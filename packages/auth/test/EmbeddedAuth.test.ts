import { assert, it } from "@effect/vitest"
import * as EmbeddedAuth from "@kalshibook/auth/EmbeddedAuth"
import { Option } from "effect"

it("runs for this machine alone, until somebody says that strangers may come", () => {
  const mayRun = (reach: EmbeddedAuth.Reach, isTold: boolean) => Option.isNone(EmbeddedAuth.refusal(reach, isTold))
  for (const host of ["127.0.0.1", "::1", "localhost"]) {
    assert.isTrue(mayRun({ host }, false), host)
    assert.isTrue(mayRun({ host, siteUrl: "http://[::1]:4000" }, false), host)
  }
  const open: ReadonlyArray<EmbeddedAuth.Reach> = [
    ...["0.0.0.0", "::", "10.0.0.7", "example.com", "127.0.0.1.example.com"].map((host) => ({ host })),
    { host: "127.0.0.1", siteUrl: "https://book.example.com" },
    { host: "127.0.0.1", isProxied: true }
  ]
  for (const reach of open) {
    assert.isFalse(mayRun(reach, false), JSON.stringify(reach))
    assert.isTrue(mayRun(reach, true), JSON.stringify(reach))
  }
  const { message } = Option.getOrThrow(EmbeddedAuth.refusal({ host: "0.0.0.0" }, false))
  assert.match(message, /0\.0\.0\.0.*SUPABASE_URL.*KALSHIBOOK_AUTH_PUBLIC/)
})
