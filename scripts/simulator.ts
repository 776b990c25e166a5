/** `npm run simulator`: see packages/simulator. */
import "@kalshibook/simulator/main"
