-- KEYS, behind row.lua's: shelves, the mission of each entry.  ARGV, behind the prefix: Dispatch of each entry, 8 bytes each;
-- the shelf of each. An entry is one with the Dispatch of its mission's row that is not on a shelf: the row keeps the number.
local SHELVES, DISPATCHES, FIRST_KEY, FIRST_ARG = KEYS[3], ARGV[2], 3, 2
local N = #KEYS - FIRST_KEY
if N == 0 then return 1 end

-- spare takes the number of a shelf on which nothing lies, where all numbers are taken. It returns nothing if there is none.
local scores = {}
local function spare()
  local all = redis.call('HGETALL', SHELVES)
  for i = 1, #all, 2 do
    local first = -tonumber(all[i + 1]) * SHELF
    if not scores[all[i]] and redis.call('ZCOUNT', DUE, string.format('%.0f', first), string.format('(%.0f', first + SHELF)) == 0 then
      redis.call('HDEL', SHELVES, all[i])
      return all[i + 1]
    end
  end
end

-- score returns what puts a mission on a shelf now, or nothing where there is no room for one more shelf.
local function score(shelf)
  if not scores[shelf] then
    local number = redis.call('HGET', SHELVES, shelf)
    if not number then
      number = redis.call('HLEN', SHELVES) + 1
      if number > 2047 then number = spare() end
      if not number then return end
      redis.call('HSET', SHELVES, shelf, number)
    end
    scores[shelf] = string.format('%.0f', ms - tonumber(number) * SHELF)
  end
  return scores[shelf]
end

local ids, seen = {}, {}
for i = 1, N do ids[i] = string.sub(KEYS[FIRST_KEY + i], -16) end
local entries = redis.call('ZMSCORE', DUE, unpack(ids))
for i, v in ipairs(fetch(KEYS, FIRST_KEY + 1, #KEYS)) do
  local id, entry = ids[i], entries[i]
  if v and entry and string.byte(entry) ~= 45 and dispatchOf(v) == string.sub(DISPATCHES, 8 * i - 7, 8 * i) and not seen[id] then
    local shelf = ARGV[FIRST_ARG + i]
    if shelf ~= '' and statusOf(v) == 'Q' then
      local on = score(shelf)
      if on then push(sets.ZADD, 'due', on, id) end -- else it stays due: its order goes out once more
    else
      push(sets.ZREM, 'due', id)
    end
    seen[id] = true
  end
end
write()
return 1
