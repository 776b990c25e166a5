import { testShard } from "./Shard.ts"

testShard(2, 2)
