-- Each change on its own.  ARGV[3]: how many.  Returns for each: code, Dispatch or what the idempotency key was used for.
local n = tonumber(ARGV[3])
a = 3
local out = {}
for i = 1, n do
  local c = read()
  local used = c.key and redis.call('GET', c.key)
  if used then
    out[#out + 1], out[#out + 2] = 'duplicate', used
  elseif c.was ~= c.from then
    out[#out + 1], out[#out + 2] = 'conflict', ''
  elseif c.guard ~= '' and redis.call('HGET', c.guard, 'st') ~= 'live' then
    out[#out + 1], out[#out + 2] = 'session_dead', ''
  else
    if c.key then redis.call('SET', c.key, c.id .. ' ' .. c.hash, 'PX', c.ttl) end
    local dispatch = apply(c)
    out[#out + 1], out[#out + 2] = 'applied', dispatch
  end
end
return out
