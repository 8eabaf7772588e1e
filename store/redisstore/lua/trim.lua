-- Removes missions of a terminal status, and all that is kept of them.  KEYS, behind row.lua's: the status' index, the missions.
-- ARGV, behind the prefix: status; how many missions of it stay; the version of each mission, 8 bytes each; for each, one byte
-- that is 1 where it goes only if it is not one of those; the list of each one's indexes, see change.go. Returns a letter for
-- each: r for removed, k for kept.
local INDEX, STATUS, KEEP, VERSIONS, EXCESS, FIRST_KEY, FIRST_ARG = KEYS[3], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], 3, 5
local excess = redis.call('ZCARD', INDEX) - KEEP
local gone, codes = {}, {}

local function drop(id, v, list)
  push(sets.ZREM, 'st:' .. STATUS, id)
  push(sets.ZREM, 'due', id)
  local name, p = nil, 1
  while p <= #list do
    name, p = struct.unpack('>I2c0', list, p)
    push(sets.ZREM, name, id)
  end
  if not v then return end
  local session = struct.unpack('>I2', v, #v - 1)
  if session > 0 then push(sets.SREM, 'sm:' .. string.sub(v, -16 - session, -17), id) end
  for _, kind in ipairs({'m:', 'p:', 'o:', 'h:', 't:'}) do gone[#gone + 1] = PREFIX .. kind .. id end
end

for i, v in ipairs(fetch(KEYS, FIRST_KEY + 1, #KEYS)) do
  local id = string.sub(KEYS[FIRST_KEY + i], -16)
  codes[i] = 'k'
  if (v and versionOf(v) or NONE) == string.sub(VERSIONS, 8 * i - 7, 8 * i) then
    if string.byte(EXCESS, i) == 0 or (redis.call('ZRANK', INDEX, id) or excess) < excess then
      drop(id, v, ARGV[FIRST_ARG + i])
      if v then codes[i] = 'r' end
    end
  end
end
write()
if #gone > 0 then redis.call('UNLINK', unpack(gone)) end
return {table.concat(codes)}
