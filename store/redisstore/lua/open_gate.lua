-- Behind row.lua and gates.lua. KEYS: row.lua's.  ARGV, behind the prefix: a gate's name.
gateOf(ARGV[2])
return {}
