/** What the examples of all answers have in common. */
export const answer = {
  usage: { credits: 0 },
  request_id: "req_5f0c2d6e9a1b4c7d8e3f2a1b0c9d8e7f",
  response_time: 0.002104
}
