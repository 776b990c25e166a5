/**
 * How V8 is to treat the objects of a program. Imported before all else, for its effect.
 *
 * V8 notes where in the code objects are made that live long, and makes later ones of the same place in old space at once ("pretenuring").
 * While a program starts, thousands of Effects live long, which are made in the same few places as all that a request makes later. Those are
 * then garbage in old space, which keeps what they point to alive until the next collection of all: each scavenge copied ten megabytes of
 * garbage and took 13 to 50 ms in place of 2, during which nobody is answered. docs/gotchas.md.
 *
 * adapter: V8's flags
 */
import { setFlagsFromString } from "node:v8"

setFlagsFromString("--no-allocation-site-pretenuring")
