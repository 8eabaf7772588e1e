-- All creations or none.  KEYS[6]: the idempotency key's, if there is one.  ARGV[3..5]: how many; the key's TTL in ms, or
-- ''; what is kept of its use.  Returns 'applied' and the Dispatch of each, or 'duplicate' and what the key was used for, or
-- 'conflict'.
local n, ttl, use = tonumber(ARGV[3]), ARGV[4], ARGV[5]
k, a = 5, 5
if ttl ~= '' then
  k = 6
  local used = redis.call('GET', KEYS[6])
  if used then return {'duplicate', used} end
end
local creations = {}
for i = 1, n do
  creations[i] = read()
  if creations[i].was ~= '0' then return {'conflict'} end
end
if ttl ~= '' then redis.call('SET', KEYS[6], use, 'PX', ttl) end
local out = {'applied'}
for i = 1, n do out[i + 1] = apply(creations[i]) end
return out
