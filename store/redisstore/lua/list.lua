#!lua flags=no-writes
-- KEYS: the indexes of all statuses, and behind them those that a mission must be in.
-- ARGV: key prefix, where to start, limit, how many ids to look at, how many statuses; for a search, how the name of a mission
-- that fits begins (in small letters), and how many of all missions are looked at, the newest.
-- Walks the smallest index, or where none is named all statuses, merged. Returns the cursor of the next page or '', whether a
-- search leaves missions out, then id and row of each mission.
local from, limit, steps, statuses = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local beginning, window = ARGV[6], tonumber(ARGV[7])
local stride = limit + 1
local out, found, last = {'', ''}, 0, ''

local small, size = nil, nil
for i = statuses + 1, #KEYS do
  local n = redis.call('ZCARD', KEYS[i])
  if not small or n < size then small, size = i, n end
end
local walked = {}
for i = small or 1, small or statuses do walked[#walked + 1] = {key = KEYS[i], from = from, ids = {}, at = 0} end

-- step goes to a walked index's next id. Numbers stand for it, since Lua compares texts as the server's locale has it.
local function step(w)
  w.at = w.at + 1
  if w.at > #w.ids and not w.over then
    w.ids, w.at = redis.call('ZRANGE', w.key, w.from, '-', 'BYLEX', 'REV', 'LIMIT', 0, stride), 1
    w.over = #w.ids < stride
    if not w.over then w.from = '(' .. w.ids[stride] end
  end
  w.id = w.ids[w.at]
  if w.id and not small then w.high, w.middle, w.low = struct.unpack('>I6I6I4', w.id) end
end
for _, w in ipairs(walked) do step(w) end

local function newer(a, b)
  if a.high ~= b.high then return a.high > b.high end
  if a.middle ~= b.middle then return a.middle > b.middle end
  return a.low > b.low
end

-- take returns the next ids, n at most.
local function take(n)
  local ids = {}
  while #ids < n do
    local newest
    for _, w in ipairs(walked) do
      if w.id and (not newest or newer(w, newest)) then newest = w end
    end
    if not newest then break end
    ids[#ids + 1] = newest.id
    step(newest)
  end
  return ids
end

-- place tells how many of all missions are newer than one, or it.
local function place(id)
  local n = 0
  for i = 1, statuses do n = n + redis.call('ZLEXCOUNT', KEYS[i], '[' .. id, '+') end
  return n
end

-- within returns how many of some ids are in the window.
local function within(ids)
  if #ids == 0 or place(ids[#ids]) <= window then return #ids end
  local yes, no = 0, #ids
  while no - yes > 1 do
    local i = math.floor((yes + no) / 2)
    if place(ids[i]) <= window then yes = i else no = i end
  end
  return yes
end

-- fits tells whether the name of a mission begins as it should.
local function fits(v)
  if not beginning then return true end
  local size, p = struct.unpack('>I4', v, 18)
  return size >= #beginning and string.lower(string.sub(v, p, p + #beginning - 1)) == beginning
end

if beginning then
  local all = 0
  for i = 1, statuses do all = all + redis.call('ZCARD', KEYS[i]) end
  if all > window then out[2] = 'cut' end
end

while true do
  local batch = math.min(steps, stride)
  if batch == 0 then -- looked at enough: the caller may go on from here
    out[1] = last
    return out
  end
  local ids = take(batch)
  steps = steps - #ids
  local n, keys, which = #ids, {}, {}
  if out[2] == 'cut' then n = within(ids) end
  local is = {}
  for i = statuses + 1, #KEYS do
    if i ~= small and n > 0 then
      local scores = redis.call('ZMSCORE', KEYS[i], unpack(ids, 1, n))
      for j = 1, n do is[j] = is[j] ~= false and scores[j] ~= false end
    end
  end
  for j = 1, n do
    if is[j] ~= false then
      keys[#keys + 1], which[#which + 1] = ARGV[1] .. 'm:' .. ids[j], j
    end
  end
  local rows = {}
  for i, v in ipairs(#keys > 0 and redis.call('MGET', unpack(keys)) or {}) do rows[which[i]] = v end
  for j = 1, n do
    local v = rows[j]
    if v and fits(v) then
      if found == limit then
        out[1] = last
        return out
      end
      found = found + 1
      out[#out + 1] = ids[j]
      out[#out + 1] = v
    end
    last = ids[j]
  end
  if n < batch then return out end
  if beginning then stride = 200 end -- most do not fit
end
