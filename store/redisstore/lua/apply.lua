-- Shared head of commit.lua, create_all.lua and bury.lua, behind row.lua.
-- KEYS: due, dispatch, events, the mission of each change, and more, among them for each change, where it has them, its
-- session and its idempotency key.  ARGV: key prefix, events kept, how many changes, how many of them have a due entry; the
-- changes, and more.
local EVENTS, KEPT, N = KEYS[3], ARGV[2], tonumber(ARGV[3])
local FIRST_KEY, FIRST_ARG = 3, 4
local CHANGE = '>c8c8c1c1i8BBBI2c0I4c0I4c0' -- see change.go
local CREATION = '>I4c0I4c0I8I4c0I2'
local ROW = '>xc8c8c1I2c0I2c0BBI4I4c0I4c0' -- see row.go
local NEW_ROW = '>c1c8c8c1I2c0I2c0BBI4I4c0I4c0c0'
local created, completed, failed, adopted = 0, 0, 0, 0
local firstDispatch, lastDispatch

-- missions are the rows by key, as they are by now; written tells which of them are still to be written.
local missions, written = {}, {}
for i, v in ipairs(fetch(KEYS, FIRST_KEY + 1, FIRST_KEY + N)) do missions[KEYS[FIRST_KEY + i]] = v or nil end

-- spill puts lines apart, where the first 20 and the last 180 stay. It returns how many were dropped.
local function spill(history, id)
  local key, p, size = PREFIX .. 'h:' .. id, 1, nil
  while p <= #history do
    size, p = struct.unpack('>I4', history, p)
    redis.call('RPUSH', key, string.sub(history, p, p + size - 1))
    p = p + size
  end
  local over = redis.call('LLEN', key) - 200
  if over <= 0 then return 0 end
  for i = 20, 20 + over - 1 do redis.call('LSET', key, i, '') end
  redis.call('LREM', key, over, '')
  return over
end

-- own are the keys that changes have beside their missions, in the order of the changes.
local own = FIRST_KEY + N
local function ownKey()
  own = own + 1
  return KEYS[own]
end

-- apply makes a change, unless refuse, which is called with the version that the mission has, the one that it should have, and
-- the change's own keys, returns something, which is then returned.
local function apply(i, refuse)
  local key, blob = KEYS[FIRST_KEY + i], ARGV[FIRST_ARG + i]
  local from, to, status, due, at, guarded, keyed, large, session, changing, lines, p = struct.unpack(CHANGE, blob)
  local v = missions[key]
  local version, dispatch, oldStatus, shelf, oldSession, apart, spilled, dropped, fixed, history
  if v then
    version, dispatch, oldStatus, shelf, oldSession, apart, spilled, dropped, fixed, history = struct.unpack(ROW, v)
  else
    version, dispatch, oldStatus, shelf, oldSession, apart, spilled, dropped, history = NONE, NONE, '', '', '', 0, 0, 0, ''
  end
  local result, payload, ttl, use, indexes = '', '', 0, '', 0
  if large == 1 then result, p = struct.unpack('>I4c0', blob, p) end
  if from == NONE then
    local new
    new, payload, ttl, use, indexes, p = struct.unpack(CREATION, blob, p)
    fixed = fixed or new
  end
  local refused = refuse(version, from, guarded == 1 and ownKey(), keyed == 1 and ownKey(), ttl, use)
  if refused then return refused end

  if written[key] then -- a second change: the first must be written before what it wrote is taken back
    write()
    written = {}
  end
  local id = string.sub(key, -16)
  if not v then
    if payload ~= '' then redis.call('SET', PREFIX .. 'p:' .. id, payload) end
    local name
    for _ = 1, indexes do
      name, p = struct.unpack('>I2c0', blob, p)
      push(sets.ZADD, name, 0, id)
    end
    created = created + 1
    if to ~= '\0\0\0\0\0\0\0\1' then adopted = adopted + 1 end
  end
  if result ~= '' then
    redis.call('SET', PREFIX .. 'o:' .. id, result)
  elseif apart == 1 then
    redis.call('DEL', PREFIX .. 'o:' .. id)
  end
  if oldStatus ~= status then
    if oldStatus ~= '' then push(sets.ZREM, 'st:' .. oldStatus, id) end
    push(sets.ZADD, 'st:' .. status, 0, id)
    if status == 'C' then completed = completed + 1 elseif status == 'F' then failed = failed + 1 end
  end
  if oldSession ~= session then
    if oldSession ~= '' then push(sets.SREM, 'sm:' .. oldSession, id) end
    if session ~= '' then push(sets.SADD, 'sm:' .. session, id) end
  end
  history = history .. lines
  if #history > 1024 then
    dropped, spilled, history = dropped + spill(history, id), 1, ''
  end
  if shelf ~= '' and (due ~= 'k' or status ~= 'Q') then
    push(sets.ZREM, 'sh:' .. shelf, id)
    shelf = ''
  end
  if due == 's' then
    if not firstDispatch then
      firstDispatch = nextDispatch(tonumber(ARGV[4]))
      lastDispatch = firstDispatch - 1
    end
    lastDispatch = lastDispatch + 1
    dispatch = packed(lastDispatch)
    push(sets.ZADD, 'due', at, id)
  elseif due == 'd' and dispatch ~= NONE then
    dispatch = NONE
    push(sets.ZREM, 'due', id)
  end
  v = struct.pack(NEW_ROW, '\1', to, dispatch, status, #shelf, shelf, #session, session, large, spilled, dropped, #fixed, fixed,
    #history, history, changing)
  put(key, v)
  missions[key], written[key] = v, true
  redis.call('XADD', EVENTS, '*', 'e', id .. to .. status)
end

-- finish writes all. It returns the Dispatch of the first change that got a due entry, or ''; each later one has the next.
local function finish()
  write()
  redis.call('XTRIM', EVENTS, 'MAXLEN', '~', KEPT)
  if adopted > 0 then redis.call('HINCRBY', EPOCH, 'n', adopted) end
  local rate = PREFIX .. 'rate:' .. string.format('%.0f', math.floor(tonumber(clock[1]) / 10))
  for field, n in pairs({c = created, d = completed, f = failed}) do
    if n > 0 and redis.call('HINCRBY', rate, field, n) == n then redis.call('EXPIRE', rate, 120) end
  end
  return firstDispatch and string.format('%.0f', firstDispatch) or ''
end
