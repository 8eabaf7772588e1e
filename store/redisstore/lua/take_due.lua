-- Behind row.lua and gates.lua. KEYS: row.lua's.  ARGV, behind the prefix: limit, hold in ms.  Returns the Dispatch of the
-- first entry, each later one has the next; and the missions.
for _, key in ipairs(redis.call('ZRANGE', PREFIX .. 'gates', 0, ms, 'BYSCORE', 'LIMIT', 0, 50)) do gateOf(key) end
local ids = redis.call('ZRANGE', DUE, 0, ms, 'BYSCORE', 'LIMIT', 0, ARGV[2])
if #ids == 0 then return {''} end
local keys, till = {}, string.format('%.0f', ms + tonumber(ARGV[3]))
for i, id in ipairs(ids) do keys[i] = PREFIX .. 'm:' .. id end
local first, taken, held = nextDispatch(#ids), {}, 0
for i, v in ipairs(fetch(keys, 1, #keys)) do
  if not v then -- its row was taken away by hand: it must not be in the way of the others
    push(sets.ZREM, 'due', ids[i])
  elseif limited and statusOf(v) == 'Q' and not passesSquad((select(2, fixedOf(v, 14))), ids[i]) then
    held = held + 1 -- became due before its squad had a limit. No number of before clears the entry that it will have
    put(keys[i], redispatched(v, first + #ids - held))
    push(sets.ZREM, 'due', ids[i])
  else
    put(keys[i], redispatched(v, first + #taken))
    push(sets.ZADD, 'due', till, ids[i])
    taken[#taken + 1] = ids[i]
  end
end
write()
return {string.format('%.0f', first), unpack(taken)}
