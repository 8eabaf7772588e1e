-- Each change on its own.  Returns the Dispatch of the first one that got a due entry, or ''; a letter for each change: a for
-- applied, c for conflict, s for a session that is dead, d for duplicate; and what the key of each duplicate was used for.
local codes, uses, live = {}, {}, {}
for i = 1, N do
  local c = change(i)
  local used = c.idempotency and redis.call('GET', c.idempotency)
  if c.guard and live[c.guard] == nil then live[c.guard] = redis.call('HGET', c.guard, 'st') == 'live' end
  if used then
    codes[i], uses[#uses + 1] = 'd', used
  elseif c.was ~= c.from then
    codes[i] = 'c'
  elseif c.guard and not live[c.guard] then
    codes[i] = 's'
  else
    if c.idempotency then redis.call('SET', c.idempotency, c.use, 'PX', c.ttl) end
    apply(c)
    codes[i] = 'a'
  end
end
return {finish(), table.concat(codes), unpack(uses)}
