-- Behind row.lua, gates.lua and tally.lua.  KEYS: row.lua's, events.  ARGV, behind the prefix: how many missions of each status one
-- call looks at. Counts some more missions where not all are counted, in the order of their ids, and begins anew where a change was not
-- counted, or the counts don't add up. Changes of a mission that is not counted yet change no count: it is counted as it then is.
-- Returns 1 once all are counted, 0 before.
local MOST = tonumber(ARGV[2])
if counted() then return {'1'} end
local from = last and '(' .. last or '-'
if not last then redis.call('DEL', COUNTS) end
local found, upTo = {}, nil
for _, status in ipairs(UNENDED) do
  local ids = redis.call('ZRANGE', PREFIX .. 'st:' .. status, from, '+', 'BYLEX', 'LIMIT', 0, MOST)
  found[status] = ids
  if #ids == MOST and not (upTo and later(ids[MOST], upTo)) then upTo = ids[MOST] end
end
for status, ids in pairs(found) do
  local keys = {}
  for i, id in ipairs(ids) do
    if upTo and later(id, upTo) then break end
    keys[i] = PREFIX .. 'm:' .. id
  end
  for _, v in ipairs(fetch(keys, 1, #keys)) do
    local read, _, squad = pcall(fixedOf, v, 14)
    local of = moves[status]
    squad = read and squad or ''
    of[squad] = (of[squad] or 0) + 1 -- of one whose row was taken away by hand no squad is known, and its index still has it
  end
end
tally(upTo and newest .. ' ' .. upTo or newest)
return {upTo and '0' or '1'}
