#!lua flags=no-writes
-- KEYS: the indexes that a mission must be in; for a search, the index of all behind them.
-- ARGV: key prefix, where to start, limit, how many ids to look at; for a search, how field c of a mission that fits
-- begins (in small letters), and how many of all missions are looked at, the newest.
-- Walks the smallest index. Returns the cursor of the next page or '', whether a search leaves missions out, then id, v,
-- c, r of each mission.
local from, limit, steps = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local beginning, window = ARGV[5], tonumber(ARGV[6])
local indexes, to = #KEYS, '-'
local out, found, last = {'', ''}, 0, ''
local stride = limit + 1
if beginning then
  indexes, stride = #KEYS - 1, 200 -- most will not fit
  local oldest = redis.call('ZRANGE', KEYS[#KEYS], window - 1, window, 'REV')
  if oldest[2] then
    out[2], to = 'cut', '[' .. oldest[1]
  end
end
local small, size = 1, redis.call('ZCARD', KEYS[1])
for i = 2, indexes do
  local n = redis.call('ZCARD', KEYS[i])
  if n < size then small, size = i, n end
end

-- get returns the fields of a mission, nothing if it is not one that is searched for.
local function get(id)
  local m = redis.call('HMGET', ARGV[1] .. 'm:' .. id, 'v', 'c', 'r')
  if m[1] and (not beginning or string.lower(string.sub(m[2], 1, #beginning)) == beginning) then return m end
end

while true do
  local batch = math.min(steps, stride)
  if batch == 0 then -- looked at enough: the caller may go on from here
    out[1] = last
    return out
  end
  local ids = redis.call('ZRANGE', KEYS[small], from, to, 'BYLEX', 'REV', 'LIMIT', 0, batch)
  steps = steps - #ids
  local fits = {}
  for i = 1, indexes do
    if i ~= small and #ids > 0 then
      local scores = redis.call('ZMSCORE', KEYS[i], unpack(ids))
      for j = 1, #ids do fits[j] = fits[j] ~= false and scores[j] ~= false end
    end
  end
  for j, id in ipairs(ids) do
    local m = fits[j] ~= false and get(id)
    if m then
      if found == limit then
        out[1] = last
        return out
      end
      found = found + 1
      local n = #out
      out[n + 1], out[n + 2], out[n + 3], out[n + 4] = id, m[1], m[2], m[3]
    end
    last = id
  end
  if #ids < batch then return out end
  from = '(' .. last
end
