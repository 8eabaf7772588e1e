#!lua
-- Shared head of all scripts that write missions.  KEYS: due, dispatch, and more.  ARGV: key prefix, and more.
local DUE, DISPATCH, PREFIX = KEYS[1], KEYS[2], ARGV[1]
local NONE = string.rep('\0', 8) -- version of no mission, Dispatch of no due entry
local clock = redis.call('TIME')
local ms = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

-- fetch returns what lies under the keys from first to last.
local function fetch(keys, first, last)
  local out = {}
  for i = first, last, 4000 do
    for j, v in ipairs(redis.call('MGET', unpack(keys, i, math.min(i + 3999, last)))) do out[i - first + j] = v end
  end
  return out
end

-- Commands that differ in their last words alone are one: many collects those words, send sends them.
local words = {}
local function many(command, key, word, id)
  local list = words[command .. key]
  if not list then
    list = {command, key}
    words[command .. key] = list
  end
  list[#list + 1] = word
  if id then list[#list + 1] = id end
end

local function send()
  for _, list in pairs(words) do
    for i = 3, #list, 4000 do redis.call(list[1], list[2], unpack(list, i, math.min(i + 3999, #list))) end
  end
end

-- nextDispatch returns the first of n new numbers, which follow each other.
local function nextDispatch(n)
  local last = redis.call('INCRBY', DISPATCH, n)
  if last == n then -- new or wiped: start where no number from before the wipe can be met again
    last = ms * 1000 + n
    redis.call('SET', DISPATCH, string.format('%.0f', last))
  end
  return last - n + 1
end

local function packed(dispatch) return struct.pack('>I8', dispatch) end

-- placed returns a row with another due entry, on another shelf.
local function placed(v, dispatch, shelf)
  local before, _, status, _, p = struct.unpack('>c9c8c1I2c0', v)
  return before .. dispatch .. status .. struct.pack('>I2c0', #shelf, shelf) .. string.sub(v, p)
end
