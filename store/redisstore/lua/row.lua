#!lua
-- Shared head of all scripts that write missions.  KEYS: due, dispatch, and more.  ARGV: key prefix, and more.
local DUE, DISPATCH, PREFIX = KEYS[1], KEYS[2], ARGV[1]
local NONE = string.rep('\0', 8) -- version of no mission
local MANY = 4000 -- what unpack can do at once, with room to spare
local SHELF = 4398046511104 -- 2^42: the scores of a shelf, see keys.go
local clock = redis.call('TIME')
local ms = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

-- fetch returns what lies under the keys from first to last.
local function fetch(keys, first, last)
  if last - first < MANY then return last < first and {} or redis.call('MGET', unpack(keys, first, last)) end
  local out = redis.call('MGET', unpack(keys, first, first + MANY - 1))
  for _, v in ipairs(fetch(keys, first + MANY, last)) do out[#out + 1] = v end
  return out
end

-- A script collects what it writes, so that commands which differ in their last words alone become one. Numbers are texts
-- here: Redis would write each of them with 17 digits.
local rows, sets = {}, {ZADD = {}, ZREM = {}, SADD = {}, SREM = {}}

local function push(lists, key, a, b)
  local list = lists[key]
  if not list then
    list = {}
    lists[key] = list
  end
  list[#list + 1] = a
  if b then list[#list + 1] = b end
end

local function put(key, v)
  local n = #rows
  rows[n + 1], rows[n + 2] = key, v
end

-- write writes what was collected: of no mission twice.
local function write()
  for i = 1, #rows, MANY do redis.call('MSET', unpack(rows, i, math.min(i + MANY - 1, #rows))) end
  for command, lists in pairs(sets) do
    for key, list in pairs(lists) do
      for i = 1, #list, MANY do redis.call(command, PREFIX .. key, unpack(list, i, math.min(i + MANY - 1, #list))) end
    end
  end
end

-- nextDispatch returns the first of n new numbers, which follow each other.
-- A Redis that lost its last writes gives numbers again. That breaks no fence: those are run, execution and ticket, and a number
-- decides only whose confirm clears a due entry. An old confirm under a number that was given again to the same mission
-- takes its entry to the shelf "sent" a little early. Whoever took the entry publishes all the same; where it can't, the order
-- is found lost and sent again (package custody).
local function nextDispatch(n)
  local last = redis.call('INCRBY', DISPATCH, n)
  if last == n then -- new or wiped: start where no number from before the wipe can be met again
    last = ms * 1000 + n
    redis.call('SET', DISPATCH, string.format('%.0f', last))
  end
  return last - n + 1
end

-- A row is ROW, the Dispatch, what stays, and what a change writes: see row.go.
local ROW = '\2'
local function packed(dispatch) return struct.pack('>I8', dispatch) end
local function dispatchOf(v) return string.sub(v, 2, 9) end
local function statusOf(v) return string.sub(v, -8, -8) end
local function versionOf(v) return string.sub(v, -16, -9) end

-- redispatched returns a row with another due entry.
local function redispatched(v, dispatch) return ROW .. packed(dispatch) .. string.sub(v, 10) end
