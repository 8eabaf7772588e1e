-- Shared head of all scripts but settle.lua and now.lua. The last key and the last argument are this script's alone: the
-- epoch, and the id that the caller knows. Where Redis has another one, or none, all else is missing, too, and nothing must
-- be concluded from that.
local EPOCH = table.remove(KEYS)
if redis.call('HGET', EPOCH, 'id') ~= table.remove(ARGV) then
  return redis.error_reply('WIPED the epoch is another one')
end
