-- Each change on its own.  Returns the Dispatch of the first one that got a due entry, or ''; the entries of the event log, see finish,
-- or ''; the letters of applyAll, and c for conflict, s for a session that is dead, d for duplicate, t for a unique key that is
-- taken; and what the key of each duplicate was used for, and who has each key that is taken.
local uses, live = {}, {}
local function refuse(version, from, holder, guard, key, ttl, use)
  local used = key and redis.call('GET', key)
  if used then
    uses[#uses + 1] = used
    return 'd'
  end
  if version ~= from then return 'c' end
  if guard then
    if live[guard] == nil then live[guard] = redis.call('HGET', guard, 'st') == 'live' end
    if not live[guard] then return 's' end
  end
  if holder then
    uses[#uses + 1] = holder
    return 't'
  end
  if key then redis.call('SET', key, use, 'PX', ttl) end
end
local codes = applyAll(refuse)
local dispatch, entries = finish()
return {dispatch, entries, codes, unpack(uses)}
