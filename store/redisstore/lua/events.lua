#!lua flags=no-writes
-- KEYS: events.  ARGV: after, limit.  Returns 'trimmed' where some after the id may be gone, else 'ok', and id and field e of
-- each event. An id that is in the stream has all that came after it behind it, since only the oldest are dropped.
local after = ARGV[1]
if after == '0-0' then
  if redis.call('EXISTS', KEYS[1]) == 1 then
    local info, added, length = redis.call('XINFO', 'STREAM', KEYS[1]), 0, 0
    for i = 1, #info, 2 do
      if info[i] == 'entries-added' then added = info[i + 1] end
      if info[i] == 'length' then length = info[i + 1] end
    end
    if added ~= length then return {'trimmed'} end
  end
elseif #redis.call('XRANGE', KEYS[1], after, after) == 0 then
  return {'trimmed'}
end
local out = {'ok'}
for _, e in ipairs(redis.call('XRANGE', KEYS[1], '(' .. after, '+', 'COUNT', ARGV[2])) do
  local n = #out
  out[n + 1], out[n + 2] = e[1], e[2][2]
end
return out
