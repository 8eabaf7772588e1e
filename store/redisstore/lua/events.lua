#!lua flags=no-writes
-- KEYS: events.  ARGV: after, limit.  Returns 'trimmed' where some after the id may be gone, else 'ok', and id and field e of
-- entries with that many events behind it, or all. The first entry may begin with events up to it: only the oldest entries are
-- dropped, so that an entry with the event has all that came after it behind it.
local after, limit = ARGV[1], tonumber(ARGV[2])
local number, at = string.match(after, '^(%d+)(%-%d+)$')
number = tonumber(number)
local out, from, left = {'ok'}, after, limit
repeat
  local entries = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 10)
  if #out == 1 then
    local first = entries[1]
    local last = first and tonumber(string.match(first[1], '^%d+'))
    local before = first and last - #first[2][2] / 25
    if after == '0-0' then
      if first and before > 0 then return {'trimmed'} end
    elseif not first or before >= number or string.match(first[1], '%-%d+$') ~= at then
      return {'trimmed'}
    else
      left = left + number - before
    end
  end
  for _, e in ipairs(entries) do
    local n = #out
    out[n + 1], out[n + 2] = e[1], e[2][2]
    left, from = left - #e[2][2] / 25, '(' .. e[1]
  end
until left <= 0 or #entries < 10
return out
