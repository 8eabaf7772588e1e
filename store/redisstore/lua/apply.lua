-- Shared head of commit.lua, create_all.lua and bury.lua, behind row.lua.
-- KEYS: due, dispatch, events, the mission of each change, and more, among them for each change, where it has them, its
-- session and its idempotency key.  ARGV: key prefix, events kept, how many changes, how many of them have a due entry; the
-- changes, and more.
local EVENTS, KEPT, N = KEYS[3], ARGV[2], tonumber(ARGV[3])
local FIRST_KEY, FIRST_ARG = 3, 4
local ROW = '>c1c8c8c1I2c0I2c0BBI4I4c0I4c0' -- see row.go
local missions = {} -- by key, as they are by now; those that don't exist are not in it
local counts, dispatch, lastDispatch = {}, nil, nil

for i, v in ipairs(fetch(KEYS, FIRST_KEY + 1, FIRST_KEY + N)) do
  if v then
    local m, p = {}, nil
    m.layout, m.version, m.dispatch, m.status, m.shelf, m.session, m.result, m.spilled, m.dropped, m.fixed, m.changing, p =
      struct.unpack(ROW, v)
    m.history = string.sub(v, p)
    m.was = {status = m.status, session = m.session, shelf = m.shelf, dispatch = m.dispatch}
    missions[KEYS[FIRST_KEY + i]] = m
  end
end

-- change reads the change of a number. Its k is the place of its own keys.
local k = FIRST_KEY + N
local function change(i)
  local c, p = {key = KEYS[FIRST_KEY + i]}, nil
  c.from, c.to, c.status, c.due, c.at, c.session, c.fixed, c.changing, c.payload, c.result, c.history, c.guard, c.ttl, c.use, c.indexes, p =
    struct.unpack('>c8c8c1c1i8I2c0I4c0I4c0I4c0I4c0I4c0BI8I4c0I2', ARGV[FIRST_ARG + i])
  c.blob, c.p = ARGV[FIRST_ARG + i], p
  if c.guard == 1 then
    k = k + 1
    c.guard = KEYS[k]
  else
    c.guard = nil
  end
  if c.ttl > 0 then
    k = k + 1
    c.idempotency = KEYS[k]
  end
  local m = missions[c.key]
  c.was = m and m.version or NONE
  return c
end

-- spill puts the lines of a mission apart, where the first 20 and the last 180 stay.
local function spill(m, id)
  local key, p, size = PREFIX .. 'h:' .. id, 1, nil
  while p <= #m.history do
    size, p = struct.unpack('>I4', m.history, p)
    redis.call('RPUSH', key, string.sub(m.history, p, p + size - 1))
    p = p + size
  end
  local over = redis.call('LLEN', key) - 200
  if over > 0 then
    for i = 20, 20 + over - 1 do redis.call('LSET', key, i, '') end
    redis.call('LREM', key, over, '')
    m.dropped = m.dropped + over
  end
  m.history, m.spilled = '', 1
end

-- apply makes a change that was found to fit. Indexes and rows are written by finish.
local function apply(c)
  local id, m = string.sub(c.key, -16), missions[c.key]
  if not m then
    m = {dispatch = NONE, shelf = '', result = 0, spilled = 0, dropped = 0, fixed = c.fixed, history = '', was = {}}
    missions[c.key] = m
    if c.payload ~= '' then redis.call('SET', PREFIX .. 'p:' .. id, c.payload) end
    local p, name = c.p, nil
    for _ = 1, c.indexes do
      name, p = struct.unpack('>I2c0', c.blob, p)
      many('ZADD', PREFIX .. name, 0, id)
    end
    counts.c = (counts.c or 0) + 1
    if c.to ~= '\0\0\0\0\0\0\0\1' then counts.adopted = (counts.adopted or 0) + 1 end
  end
  if m.status ~= c.status then
    if c.status == 'C' then counts.d = (counts.d or 0) + 1 end
    if c.status == 'F' then counts.f = (counts.f or 0) + 1 end
  end
  m.version, m.status, m.session, m.changing, m.touched = c.to, c.status, c.session, c.changing, true
  if c.result ~= '' then
    redis.call('SET', PREFIX .. 'o:' .. id, c.result)
    m.result = 1
  elseif m.result == 1 then
    redis.call('DEL', PREFIX .. 'o:' .. id)
    m.result = 0
  end
  m.history = m.history .. c.history
  if #m.history > 1024 then spill(m, id) end
  if c.due ~= 'k' or c.status ~= 'Q' then m.shelf = '' end
  if c.due == 's' then
    if not dispatch then
      dispatch = nextDispatch(tonumber(ARGV[4]))
      lastDispatch = dispatch - 1
    end
    lastDispatch = lastDispatch + 1
    m.dispatch, m.at = packed(lastDispatch), c.at
  elseif c.due == 'd' then
    m.dispatch, m.at = NONE, nil
  end
  redis.call('XADD', EVENTS, 'MAXLEN', '~', KEPT, '*', 'e', id .. c.to .. c.status)
end

-- finish writes the missions that changed, and what differs from what they were. It returns the Dispatch of the first change
-- that got a due entry, or ''; each later one has the next.
local function finish()
  local rows = {}
  for key, m in pairs(missions) do
    if m.touched then
      local id, was = string.sub(key, -16), m.was
      rows[#rows + 1] = key
      rows[#rows + 1] = struct.pack(ROW, '\1', m.version, m.dispatch, m.status, #m.shelf, m.shelf, #m.session, m.session, m.result,
        m.spilled, m.dropped, #m.fixed, m.fixed, #m.changing, m.changing) .. m.history
      if was.status ~= m.status then
        if was.status then many('ZREM', PREFIX .. 'st:' .. was.status, id) end
        many('ZADD', PREFIX .. 'st:' .. m.status, 0, id)
      end
      if (was.session or '') ~= m.session then
        if (was.session or '') ~= '' then many('SREM', PREFIX .. 'sm:' .. was.session, id) end
        if m.session ~= '' then many('SADD', PREFIX .. 'sm:' .. m.session, id) end
      end
      if (was.shelf or '') ~= m.shelf then many('ZREM', PREFIX .. 'sh:' .. was.shelf, id) end
      if m.at then
        many('ZADD', DUE, m.at, id)
      elseif m.dispatch == NONE and (was.dispatch or NONE) ~= NONE then
        many('ZREM', DUE, id)
      end
    end
  end
  for i = 1, #rows, 4000 do redis.call('MSET', unpack(rows, i, math.min(i + 3999, #rows))) end
  if counts.adopted then redis.call('HINCRBY', EPOCH, 'n', counts.adopted) end
  local rate = PREFIX .. 'rate:' .. string.format('%.0f', math.floor(tonumber(clock[1]) / 10))
  for _, field in ipairs({'c', 'd', 'f'}) do
    if counts[field] and redis.call('HINCRBY', rate, field, counts[field]) == counts[field] then
      redis.call('EXPIRE', rate, 120)
    end
  end
  send()
  return dispatch and string.format('%.0f', dispatch) or ''
end
