/** Whether the program of this container answers: the API, or the metrics of another one, at the same port. Ends with 0 or 1. */
const answer = await fetch(`http://127.0.0.1:${process.env.KALSHIBOOK_API_PORT ?? 4000}/healthz`).catch(() => undefined)
process.exit(answer?.ok === true ? 0 : 1)
