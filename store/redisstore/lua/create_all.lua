-- All creations or none.  KEYS, behind the missions: the idempotency key's, if there is one.  ARGV, last: the key's TTL in ms,
-- or ''; what is kept of its use.  Returns as commit.lua does, with the letters d or c for all, or those of applyAll; or t, the number
-- of the first mission whose unique key somebody has, and who.
local ttl, use = unpack(ARGV, #ARGV - 1)
local key = KEYS[FIRST_KEY + N + 1]
if ttl ~= '' then
  local used = redis.call('GET', key)
  if used then return {'', '', string.rep('d', N), used} end
end
for i = 1, N do
  if missions[i] then return {'', '', string.rep('c', N)} end
end
for i = 1, N do
  local part = ARGV[FIRST_ARG + i]
  local _, _, unique = fixedOf(part, 5)
  local holder = unique and LIVE[statusOf(part)] and versionOf(part) == FIRST and holderOf(unique)
  if holder then return {'', '', 't', tostring(i), holder} end
end
if ttl ~= '' then redis.call('SET', key, use, 'PX', ttl) end
local codes = applyAll(function() end)
local dispatch, entries = finish()
return {dispatch, entries, codes}
