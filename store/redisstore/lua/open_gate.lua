-- Behind row.lua and gates.lua. KEYS: row.lua's.  ARGV, behind the prefix: a gate's name.
local g = gateOf(ARGV[2])
if g then sweep(g) end
return {}
