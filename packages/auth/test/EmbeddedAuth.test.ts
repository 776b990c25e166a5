import { assert, it } from "@effect/vitest"
import * as EmbeddedAuth from "@kalshibook/auth/EmbeddedAuth"

it("runs for this machine alone, until somebody says that strangers may come", () => {
  for (const host of ["127.0.0.1", "::1", "localhost"]) assert.isTrue(EmbeddedAuth.mayRun(host, false), host)
  for (const host of ["0.0.0.0", "::", "10.0.0.7", "example.com", "127.0.0.1.example.com"]) {
    assert.isFalse(EmbeddedAuth.mayRun(host, false), host)
    assert.isTrue(EmbeddedAuth.mayRun(host, true), host)
  }
  assert.match(new EmbeddedAuth.AuthWouldBePublic({ host: "0.0.0.0" }).message, /SUPABASE_URL.*KALSHIBOOK_AUTH_PUBLIC/)
})
