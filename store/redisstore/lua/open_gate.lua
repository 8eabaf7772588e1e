-- Behind row.lua and gates.lua. KEYS: row.lua's.  ARGV, behind the prefix: a concurrency key.
gateOf(ARGV[2])
return {}
