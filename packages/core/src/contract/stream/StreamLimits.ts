/** The bounds of `/v1/stream`, each with its reason. Server, documentation and clients read the same numbers. */

/** The version of the messages: grows when one of them changes in a way that a client must know of. */
export const protocolVersion = 1

/** Bytes of a frame from a client at most: a resume of `namesMax` markets with their places fits. A longer one ends the connection (1009). */
export const commandBytesMax = 1_048_576

/** Commands of one frame at most. */
export const commandsPerFrameMax = 100

/** Commands of one connection: enough for a program that follows a thousand events one by one. */
export const commandsBucket = { perSecond: 20, burst: 200 }

/** Mistakes in a row after which a connection is ended: a program that goes on like that is broken. */
export const mistakesMax = 50

/** Markets, events and series that one command names at most; whoever wants more takes an event, a series or all. */
export const namesMax = 2_000

/** Subscriptions of one connection at most. */
export const subscriptionsMax = 200

/** Markets that a message lists at most; how many it leaves out is said. A list of so many places can be sent back as a resume. */
export const listedMax = 2_000

/** Bytes that may wait for one reader, in the server and in its socket: seconds of the busiest market, and a book of any size. */
export const bufferBytesMax = 4_194_304

/** From so many waiting bytes on a reader that chose `conflate` gets books in place of changes: what waits is still fresh. */
export const conflateBytesMin = 524_288

/** Milliseconds between two frames to the same reader at least; what comes within is one frame. */
export const frameMillisMin = 10

/** Seconds between heartbeats. */
export const heartbeatSeconds = 5

/** Replay at least and at most so fast; a tier may allow less. */
export const replaySpeedMin = 0.1
export const replaySpeedMax = 1_000

/** Names that an error repeats at most. */
export const suggestionMax = 5
