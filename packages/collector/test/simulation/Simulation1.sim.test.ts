import { testShard } from "./Shard.ts"

testShard(1, 2)
