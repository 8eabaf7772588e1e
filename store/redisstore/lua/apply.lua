#!lua
-- Shared head of commit.lua, create_all.lua and bury.lua.
-- KEYS: events, due, dueno, dispatch, all, and more.  ARGV: key prefix, events kept, and more.
local EVENTS, DUE, DUENO, DISPATCH, ALL = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local PREFIX, KEPT = ARGV[1], ARGV[2]
local clock = redis.call('TIME')
local step = math.floor(tonumber(clock[1]) / 10)
local ms = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local k, a = 5, 2

-- read takes the next change from KEYS and ARGV.
local function read()
  local c = {
    m = KEYS[k + 1], h = KEYS[k + 2],
    id = ARGV[a + 1], from = ARGV[a + 2], to = ARGV[a + 3], status = ARGV[a + 4], session = ARGV[a + 5],
    core = ARGV[a + 6], rest = ARGV[a + 7], payload = ARGV[a + 8], result = ARGV[a + 9],
    kind = ARGV[a + 10], squad = ARGV[a + 11], due = ARGV[a + 12], at = ARGV[a + 13],
    guard = ARGV[a + 14], ttl = ARGV[a + 15], hash = ARGV[a + 16], lines = tonumber(ARGV[a + 17]),
    labels = tonumber(ARGV[a + 18]),
  }
  k, a = k + 2, a + 18
  if c.guard ~= '' then
    k = k + 1
    c.guard = KEYS[k]
  end
  if c.ttl ~= '' then
    k = k + 1
    c.key = KEYS[k]
  end
  c.first = a + 1
  a = a + c.lines + c.labels
  local was = redis.call('HMGET', c.m, 'v', 's')
  local v = was[1]
  c.shelf = was[2]
  if v then
    c.was, c.oldStatus, c.oldSession = string.match(v, '^(%d+)|([^|]*)|(.*)$')
  else
    c.was, c.oldStatus, c.oldSession = '0', '', ''
  end
  return c
end

-- A Redis that lost its last writes gives numbers again. That breaks no fence: those are run, execution and ticket, and a number
-- decides only whose confirm clears a due entry. An old confirm under a number that was given again to the same mission
-- takes its entry to the shelf "sent" a little early. Whoever took the entry publishes all the same; where it can't, the order
-- is found lost and sent again (package custody).
local function nextDispatch()
  local n = redis.call('INCR', DISPATCH)
  if n == 1 then -- new or wiped: start where no number from before the wipe can be met again
    n = ms * 1000
    redis.call('SET', DISPATCH, string.format('%.0f', n))
  end
  return string.format('%.0f', n)
end

local function count(field)
  local key = PREFIX .. 'rate:' .. string.format('%.0f', step)
  if redis.call('HINCRBY', key, field, 1) == 1 then
    redis.call('EXPIRE', key, 120)
  end
end

-- apply makes a change that was found to fit, and returns the Dispatch of the due entry it wrote, or ''.
local function apply(c)
  redis.call('HSET', c.m, 'v', c.to .. '|' .. c.status .. '|' .. c.session, 'r', c.rest)
  if c.was == '0' then
    redis.call('HSET', c.m, 'c', c.core)
    if c.to ~= '1' then redis.call('HINCRBY', EPOCH, 'n', 1) end -- adopted
    if c.payload ~= '' then redis.call('HSET', c.m, 'p', c.payload) end
    redis.call('ZADD', ALL, 0, c.id)
    redis.call('ZADD', PREFIX .. 'k:' .. c.kind, 0, c.id)
    redis.call('ZADD', PREFIX .. 'q:' .. c.squad, 0, c.id)
    for i = c.first + c.lines, c.first + c.lines + c.labels - 1 do
      redis.call('ZADD', PREFIX .. 'l:' .. ARGV[i], 0, c.id)
    end
    count('c')
  end
  if c.result ~= '' then
    redis.call('HSET', c.m, 'o', c.result)
  elseif c.was ~= '0' then
    redis.call('HDEL', c.m, 'o')
  end
  if c.oldStatus ~= c.status then
    if c.oldStatus ~= '' then redis.call('ZREM', PREFIX .. 'st:' .. c.oldStatus, c.id) end
    redis.call('ZADD', PREFIX .. 'st:' .. c.status, 0, c.id)
    if c.status == 'COMPLETED' then count('d') elseif c.status == 'FAILED' then count('f') end
  end
  if c.oldSession ~= c.session then
    if c.oldSession ~= '' then redis.call('SREM', PREFIX .. 'sm:' .. c.oldSession, c.id) end
    if c.session ~= '' then redis.call('SADD', PREFIX .. 'sm:' .. c.session, c.id) end
  end

  for i = c.first, c.first + c.lines - 1 do
    redis.call('RPUSH', c.h, ARGV[i])
  end
  if c.lines > 0 then
    local over = redis.call('LLEN', c.h) - 200
    if over > 0 then -- the first 20 and the last 180 stay
      for i = 20, 20 + over - 1 do redis.call('LSET', c.h, i, '') end
      redis.call('LREM', c.h, over, '')
      redis.call('HINCRBY', c.m, 'd', over)
    end
  end

  if c.shelf and (c.due ~= 'keep' or c.status ~= 'QUEUED') then
    redis.call('ZREM', PREFIX .. 'sh:' .. c.shelf, c.id)
    redis.call('HDEL', c.m, 's')
  end
  local dispatch = ''
  if c.due == 'set' then
    dispatch = nextDispatch()
    redis.call('ZADD', DUE, c.at, c.id)
    redis.call('HSET', DUENO, c.id, dispatch)
  elseif c.due == 'drop' then
    redis.call('ZREM', DUE, c.id)
    redis.call('HDEL', DUENO, c.id)
  end
  redis.call('XADD', EVENTS, 'MAXLEN', '~', KEPT, '*', 'm', c.id, 'v', c.to, 's', c.status)
  return dispatch
end
