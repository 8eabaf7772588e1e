-- Behind tally.lua, which only reads here.  KEYS: counts, events, the index of each status that has not ended.  ARGV: key prefix.
-- Returns whether the counts are known, 1 or nothing; then a status and a squad, and the count of its missions, for each that has any.
local all = counted()
if not all then return {''} end
local out = {'1'}
for i = 1, #all, 2 do
  if #all[i] > 1 then
    local n = #out
    out[n + 1], out[n + 2] = all[i], all[i + 1]
  end
end
return out
