#!lua flags=no-writes
-- KEYS: the indexes that a mission must be in.  ARGV: key prefix, where to start, limit, how many ids to look at.
-- Walks the smallest index. Returns the cursor of the next page or '', then id, v, c, r of each mission.
local small, size = 1, redis.call('ZCARD', KEYS[1])
for i = 2, #KEYS do
  local n = redis.call('ZCARD', KEYS[i])
  if n < size then small, size = i, n end
end
local from, limit, steps = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local out, found, last = {''}, 0, ''
while true do
  local batch = math.min(steps, limit + 1)
  if batch == 0 then -- looked at enough: the caller may go on from here
    out[1] = last
    return out
  end
  local ids = redis.call('ZRANGE', KEYS[small], from, '-', 'BYLEX', 'REV', 'LIMIT', 0, batch)
  steps = steps - #ids
  local fits = {}
  for i = 1, #KEYS do
    if i ~= small and #ids > 0 then
      local scores = redis.call('ZMSCORE', KEYS[i], unpack(ids))
      for j = 1, #ids do fits[j] = fits[j] ~= false and scores[j] ~= false end
    end
  end
  for j, id in ipairs(ids) do
    if fits[j] ~= false then
      if found == limit then
        out[1] = last
        return out
      end
      local m = redis.call('HMGET', ARGV[1] .. 'm:' .. id, 'v', 'c', 'r')
      if m[1] then
        found = found + 1
        local n = #out
        out[n + 1], out[n + 2], out[n + 3], out[n + 4] = id, m[1], m[2], m[3]
      end
    end
    last = id
  end
  if #ids < batch then return out end
  from = '(' .. last
end
