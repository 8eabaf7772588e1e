-- All creations or none.  KEYS, behind the missions: the idempotency key's, if there is one.  ARGV, last: the key's TTL in ms,
-- or ''; what is kept of its use.  Returns as commit.lua does, with the letters a, d or c for all.
local ttl, use = unpack(ARGV, #ARGV - 1)
local key = KEYS[FIRST_KEY + N + 1]
if ttl ~= '' then
  local used = redis.call('GET', key)
  if used then return {'', '', 'd', used} end
end
for i = 1, N do
  if missions[i] then return {'', '', 'c'} end
end
if ttl ~= '' then redis.call('SET', key, use, 'PX', ttl) end
for i = 1, N do apply(i, function() end) end
local dispatch, entries = finish()
return {dispatch, entries, 'a'}
