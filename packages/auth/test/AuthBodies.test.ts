import { assert, it } from "@effect/vitest"
import * as AuthBodies from "@kalshibook/auth/AuthBodies"
import { Effect } from "effect"

it.effect("takes addresses as they are kept, and none that would do something in a terminal", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* AuthBodies.emailOf(" Ada@Example.com\n"), "ada@example.com")
    for (const odd of [
      "a\u001b[2Jb@example.com",
      "ada@example.com\u001b]0;x\u0007",
      "a\u0000@example.com",
      "a\u009bm@x.y"
    ]) {
      assert.strictEqual((yield* Effect.flip(AuthBodies.emailOf(odd))).code, "validation_failed", JSON.stringify(odd))
    }
  })
)
