-- Shared head of commit.lua, create_all.lua and bury.lua, behind row.lua, gates.lua and tally.lua. No mission has two changes in a
-- call.  KEYS: due, dispatch, events, the mission of each change, and more, among them for each change, where it has them, its
-- session and its idempotency key.  ARGV: key prefix, events kept, how many changes, how many of them have a due entry, the
-- steps; what each change writes; what some changes have beside; and more. See change.go.
local KEPT, N, STEPS = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[5]
local FIRST_KEY, FIRST_ARG, STEP = 3, 5, 29
local SET, DROP = 115, 100 -- s, d: what becomes of a due entry
local FIRST = '\0\0\0\0\0\0\0\1' -- version of a mission that was not adopted
local LIVE = {S = true, Q = true, I = true} -- the statuses of what has not ended
local UNIQUE = PREFIX .. 'u:'
local created, completed, failed, adopted = 0, 0, 0, 0
local firstDispatch, lastDispatch
local events = {}

-- missions are the rows of the changes' missions as they were; false for none.
local missions = fetch(KEYS, FIRST_KEY + 1, FIRST_KEY + N)

-- The keys and arguments that changes have beside, in the order of the changes.
local lastKey, lastArg = FIRST_KEY + N, FIRST_ARG + N
local function ownKey()
  lastKey = lastKey + 1
  return KEYS[lastKey]
end
local function ownArg()
  lastArg = lastArg + 1
  return ARGV[lastArg]
end

-- indexed puts a new mission into the indexes that a list names. Most missions of a call have the same list.
local known = {}
local function indexed(list, id)
  local names = known[list]
  if not names then
    names = {}
    local name, p = nil, 1
    while p <= #list do
      name, p = struct.unpack('>I2c0', list, p)
      names[#names + 1] = name
    end
    known[list] = names
  end
  for i = 1, #names do push(sets.ZADD, names[i], '0', id) end
end

-- spilled returns a row whose history lines lie apart, where they have more than 1 KiB: the first 20 and the last 180 stay.
local function spilled(v, id)
  local dropped, fixed = struct.unpack('>I4I4', v, 10)
  local from, to = 17 + fixed, #v - 16 - struct.unpack('>I4', v, #v - 5)
  if to - from <= 1024 then return v end
  local key, p, size = PREFIX .. 'h:' .. id, from + 1, nil
  while p <= to do
    size, p = struct.unpack('>I4', v, p)
    redis.call('RPUSH', key, string.sub(v, p, p + size - 1))
    p = p + size
  end
  local over = redis.call('LLEN', key) - 200
  if over > 0 then
    for i = 20, 20 + over - 1 do redis.call('LSET', key, i, '') end
    redis.call('LREM', key, over, '')
    dropped = dropped + over
  end
  return string.sub(v, 1, 9) .. struct.pack('>I4', dropped) .. string.sub(v, 14, from) .. string.sub(v, to + 1)
end

-- onShelf tells whether a mission's entry of the outbox is a place on a shelf.
local function onShelf(id)
  local score = redis.call('ZSCORE', DUE, id)
  return score and tonumber(score) < 0
end

-- holderOf returns who has a unique key, for a mission that may be it; nil for nobody. A key of whoever has ended, or has no row, is
-- nobody's: half a transaction left it, or somebody's hand (see lives in gates.lua).
local took = {} -- the keys that this call's changes took: their missions' rows are not written yet
local function holderOf(unique, id)
  local holder = redis.call('GET', UNIQUE .. unique)
  if not holder or holder == id or took[unique] then return holder or nil end
  local v = redis.call('GET', PREFIX .. 'm:' .. holder)
  return v and LIVE[statusOf(v)] and holder or nil
end

-- apply makes a change, and returns a letter: a, or w for one whose mission waits at its gate. Unless refuse, which is called with
-- the version that the mission has, the one that it should have, who has the unique key that it needs, and the change's own keys,
-- returns one, which is then returned.
local function apply(i, refuse)
  local key, part, v, at = KEYS[FIRST_KEY + i], ARGV[FIRST_ARG + i], missions[i], STEP * (i - 1)
  local due, guarded, keyed, creates, large, apart = string.byte(STEPS, at + 9, at + 14)
  local indexes, payload, result, ttl, use
  if creates == 1 then indexes = ownArg() end
  if large == 1 then payload = ownArg() end
  if apart == 1 then result = ownArg() end
  if keyed == 1 then ttl, use = ownArg(), ownArg() end
  local id, status, was = string.sub(key, -16), statusOf(part), v and statusOf(v) or ''
  local begins, ends = LIVE[status] and not LIVE[was], LIVE[was] and not LIVE[status]
  local concurrency, squad, unique, deadline, holder
  if v or creates == 1 then
    concurrency, squad, unique, deadline = fixedOf(v or part, v and 14 or 5)
    holder = unique and (begins or ends) and holderOf(unique, id)
  end
  local adopts = not v and versionOf(part) ~= FIRST
  local refused = refuse(v and versionOf(v) or NONE, string.sub(STEPS, at + 1, at + 8),
    begins and not adopts and holder ~= id and holder, guarded == 1 and ownKey(), keyed == 1 and ownKey(), ttl, use)
  if refused then return refused end

  local held, kept = '', nil
  if v then
    local changing, session = struct.unpack('>I4I2', v, #v - 5)
    kept = #v - 16 - changing
    if session > 0 then held = string.sub(v, -16 - session, -17) end
    if not result and string.byte(v, -7) == 1 then redis.call('DEL', PREFIX .. 'o:' .. id) end
  else
    indexed(indexes, id)
    if payload then redis.call('SET', PREFIX .. 'p:' .. id, payload) end
    created = created + 1
    if adopts then adopted = adopted + 1 end
  end
  if result then redis.call('SET', PREFIX .. 'o:' .. id, result) end
  if was ~= status then
    if v then push(sets.ZREM, 'st:' .. was, id) end
    push(sets.ZADD, 'st:' .. status, '0', id)
    if status == 'C' then completed = completed + 1 elseif status == 'F' then failed = failed + 1 end
  end
  if begins then
    if unique and not holder then
      redis.call('SET', UNIQUE .. unique, id)
      took[unique] = true
    end
    if deadline then push(sets.ZADD, 'deadlines', deadline, id) end
  elseif ends then
    if holder == id then redis.call('DEL', UNIQUE .. unique) end
    if deadline then push(sets.ZREM, 'deadlines', id) end
  end
  local high, low = string.byte(part, -2, -1)
  local session = high * 256 + low
  local holds = session > 0 and string.sub(part, -16 - session, -17) or ''
  if held ~= holds then
    if held ~= '' then push(sets.SREM, 'sm:' .. held, id) end
    if holds ~= '' then push(sets.SADD, 'sm:' .. holds, id) end
  end
  if was ~= status and counting and not (last and later(id, last)) then
    local from, to = moves[was], moves[status]
    if from then from[squad] = (from[squad] or 0) - 1 end
    if to then to[squad] = (to[squad] or 0) + 1 end
  end
  local passed, gated = passes(concurrency, limited and squad, id, status, due == SET)
  local waits, dispatch = not passed, nil
  if due == SET then
    if not firstDispatch then
      firstDispatch = nextDispatch(tonumber(ARGV[4]))
      lastDispatch = firstDispatch - 1
    end
    lastDispatch = lastDispatch + 1
    dispatch = packed(lastDispatch) -- also of one that waits, so that no number of before clears the entry that it will have
  end
  if due == SET and not waits then
    local from = string.sub(STEPS, at + 15, at + STEP)
    if gated then redis.call('ZADD', DUE, from, id) else push(sets.ZADD, 'due', from, id) end
  elseif waits or due == DROP or was == 'Q' and status ~= 'Q' and onShelf(id) then
    if gated then redis.call('ZREM', DUE, id) else push(sets.ZREM, 'due', id) end
  end
  if not v then
    v = ROW .. (dispatch or NONE) .. part
  elseif dispatch then
    v = ROW .. dispatch .. string.sub(v, 10, kept) .. part
  else
    v = string.sub(v, 1, kept) .. part
  end
  if #v > 1024 then v = spilled(v, id) end
  put(key, v)
  local n = #events
  events[n + 1], events[n + 2] = id, string.sub(part, -16, -8) -- version and status
  return waits and 'w' or 'a'
end

-- applyAll makes all changes, and returns their letters.
local function applyAll(refuse)
  local codes = {}
  for i = 1, N do codes[i] = apply(i, refuse) end
  if opened then codes[N + 1] = '+' end -- others were admitted at gates
  return table.concat(codes)
end

-- finish writes all; the events as one entry, whose id is the last one's number and the ms, see events.go. It returns the Dispatch of
-- the first change that got a due entry, or '', each later one has the next; and, unless there was no event, the id of the entry
-- before, a space, and that of the new one.
local function finish()
  if #events == 0 then return '', '' end
  local number = tonumber(string.match(newest, '^%d+')) + #events / 2
  local id = string.format('%.0f-%.0f', number, ms)
  -- The mark comes first and its entry last, so that what is written between them is never there without one of them showing it.
  if counting then tally(last and id .. ' ' .. last or id) end
  write()
  redis.call('XADD', EVENTS, 'MINID', '~', string.format('%.0f', math.max(0, number - KEPT)), id, 'e', table.concat(events))
  if adopted > 0 then redis.call('HINCRBY', EPOCH, 'n', adopted) end
  local rate = PREFIX .. 'rate:' .. string.format('%.0f', math.floor(tonumber(clock[1]) / 10))
  for field, n in pairs({c = created, d = completed, f = failed}) do
    if n > 0 and redis.call('HINCRBY', rate, field, n) == n then redis.call('EXPIRE', rate, 120) end
  end
  return firstDispatch and string.format('%.0f', firstDispatch) or '', newest .. ' ' .. id
end
