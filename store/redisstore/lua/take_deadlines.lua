-- KEYS: row.lua's, the deadlines.  ARGV, behind the prefix: limit, hold in ms.  Returns the missions.
local taken, till = {}, string.format('%.0f', ms + tonumber(ARGV[3]))
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, ms, 'BYSCORE', 'LIMIT', 0, ARGV[2])) do
  if redis.call('EXISTS', PREFIX .. 'm:' .. id) == 1 then
    push(sets.ZADD, 'deadlines', till, id)
    taken[#taken + 1] = id
  else -- its row was taken away by hand
    push(sets.ZREM, 'deadlines', id)
  end
end
write()
return taken
