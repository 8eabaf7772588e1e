-- Shared by the scripts that admit missions of a concurrency key, or of a squad with a limit, behind row.lua: see store.Gates. What is
-- written here is written at once, so that each change of a call finds the gate as those before it left it.
local BATCH = 100 -- store.GateBatch
local SQUAD = '\0' -- store.SquadGate
local byte = string.byte
local gates, opened = {}, false
local squads = {} -- of missions whose rows this call writes
local limited = redis.call('EXISTS', PREFIX .. 'd:squad_limits') == 1 -- a squad has a limit, or had one
local gateOf, sweep
local touched = {} -- the missions of a call's changes: their rows are not written yet

-- lives tells whether a mission may stand at a gate. One whose row was taken away by hand may not, and neither may what came there by
-- half a transaction, which a Redis that was killed may carry out (ADR 17).
local function lives(id)
  if touched[id] then return true end
  local v = redis.call('GET', PREFIX .. 'm:' .. id)
  local status = v and statusOf(v)
  return status == 'Q' or status == 'I'
end

local function whole(n, most) return type(n) == 'number' and n >= 1 and n <= most and n == math.floor(n) end

-- limitOf returns a limit's most, and where it has a rate, its period in ms and starts. As store.DecodeLimit it takes what it can't
-- read for the default: a script that fails leaves half of what it wrote.
local function limitOf(document)
  local read, limit = pcall(cjson.decode, string.sub(document, 9))
  if not read or type(limit) ~= 'table' or not whole(limit.max_running, 10000) then return 1 end
  local rate = limit.rate
  if rate == nil or rate == cjson.null then return limit.max_running end
  if type(rate) ~= 'table' or not whole(rate.starts, 10000) or not whole(rate.period_seconds, 86400) then return 1 end
  return limit.max_running, rate.period_seconds * 1000, rate.starts
end

-- nextStart takes a start of the gate's rate; or returns when there will be one.
local function nextStart(g)
  if not g.share then return end
  local key = PREFIX .. 'starts:' .. g.key
  local function keep(back) redis.call('SET', key, string.format('%.3f', back), 'PX', math.max(1, math.ceil(back - ms))) end
  local back = math.max(ms, tonumber(redis.call('GET', key) or '0'))
  if back > ms + g.period then -- the limit had a longer period
    back = ms + g.period
    keep(back)
  end
  if back - ms > g.period - g.share + 0.01 then return math.ceil(back - g.period + g.share) end
  keep(back + g.share)
end

-- wakeGate has take_due.lua look at the gate then; never, where there is no time.
local function wakeGate(g, at)
  if at then redis.call('ZADD', PREFIX .. 'gates', string.format('%.0f', at), g.key) else redis.call('ZREM', PREFIX .. 'gates', g.key) end
end

-- textAt returns a field's text, which begins with its length at p, and where the next field begins.
local function textAt(v, p)
  local size = byte(v, p)
  if size < 128 then return string.sub(v, p + 1, p + size), p + 1 + size end
  size = size - 128 + 128 * byte(v, p + 1)
  return string.sub(v, p + 2, p + 1 + size), p + 2 + size
end

-- fixedOf returns the concurrency key, squad, unique key and deadline of a mission, nil where it has none, from what creation fixed: where
-- that begins in a row, and in what a creation writes, is known. See row.go. All scripts that change missions do it for each: every look
-- at a byte counts.
local function fixedOf(v, at)
  local fixed, name = struct.unpack('>I4I4', v, at)
  local p, last, key, unique, deadline = at + 8 + name, at + 3 + fixed, nil, nil, nil
  local tag = p <= last and byte(v, p)
  if tag == 64 then -- gateTag
    key, p = textAt(v, p + 1)
    tag = p <= last and byte(v, p)
  end
  if tag == 9 then -- uniqueTag
    unique, p = struct.unpack('Bc0', v, p + 1)
    tag = p <= last and byte(v, p)
  end
  if tag == 10 then -- deadlineTag
    deadline, p = string.sub(v, p + 1, p + 15), p + 16
    tag = p <= last and byte(v, p)
  end
  if tag == 1 then -- kindTag
    local size = byte(v, p + 1)
    p = size < 128 and p + 2 + size or p + 3 + size - 128 + 128 * byte(v, p + 2)
    tag = p <= last and byte(v, p)
  end
  return key, tag == 2 and textAt(v, p + 1) or 'default', unique, deadline -- squadTag
end

-- stands has a mission stand at a gate, behind those who wait, and tells whether it is admitted.
local function stands(g, id)
  local score = redis.call('ZSCORE', g.name, id)
  if score then return score == '0' end
  sweep(g)
  if g.waiting == 0 and g.admitted < g.max then
    local wake = nextStart(g)
    if not wake then
      redis.call('ZADD', g.name, 0, id)
      g.admitted = g.admitted + 1
      return true
    end
    wakeGate(g, wake)
  end
  local last = redis.call('ZRANGE', g.name, -1, -1, 'WITHSCORES')
  redis.call('ZADD', g.name, tonumber(last[2] or 0) + 1, id)
  g.waiting = g.waiting + 1
  return false
end

-- passesSquad has a mission that its key admitted, or has none, stand at the gate of its squad, and tells whether it is admitted there.
local function passesSquad(squad, id)
  local g = squad and gateOf(SQUAD .. squad)
  return not g or stands(g, id)
end

-- squadOf returns the squad of any mission, where any is limited.
local function squadOf(id)
  if not limited then return end
  local squad = squads[id]
  if squad then return squad end
  local v = redis.call('GET', PREFIX .. 'm:' .. id)
  if v then return (select(2, fixedOf(v, 14))) end
end

-- openGate admits those who wait, as far as the limit allows and one call may. Of a squad without a limit nothing is left then.
local function openGate(g)
  local n, wake = math.min(g.waiting, g.max - g.admitted, BATCH), nil
  local ids = n > 0 and redis.call('ZRANGE', g.name, 1, '+inf', 'BYSCORE', 'LIMIT', 0, n) or {}
  for _, id in ipairs(ids) do
    if lives(id) then
      wake = nextStart(g)
      if wake then break end
      redis.call('ZADD', g.name, 0, id)
      g.admitted, g.waiting = g.admitted + 1, g.waiting - 1
      if g.squad or passesSquad(squadOf(id), id) then
        redis.call('ZADD', DUE, 0, id)
        opened = true
      end
    else
      redis.call('ZREM', g.name, id)
      g.waiting = g.waiting - 1
    end
  end
  if not wake and g.waiting > 0 and g.admitted < g.max then wake = ms end
  wakeGate(g, wake)
  if g.max == math.huge and g.waiting == 0 then
    redis.call('UNLINK', g.name)
    gates[g.key] = false
  end
end

-- gateOf returns a gate as it is now: whoever can be admitted is. It is false for that of a squad without a limit at which nobody waits.
gateOf = function(key)
  local g = gates[key]
  if g ~= nil then return g end
  g = {key = key, name = PREFIX .. 'g:' .. key, max = 1}
  local collection, name = 'd:limits', key
  if string.sub(key, 1, 1) == SQUAD then
    collection, name = 'd:squad_limits', string.sub(key, 2)
    g.squad, g.max = name, math.huge
  end
  local kept = redis.call('HGET', PREFIX .. collection, name)
  if kept then
    local most, period, starts = limitOf(kept)
    g.max, g.period, g.share = most, period, period and period / starts
  end
  g.admitted = redis.call('ZCOUNT', g.name, 0, 0)
  g.waiting = redis.call('ZCARD', g.name) - g.admitted
  if g.max == math.huge and g.admitted + g.waiting == 0 then g = false end
  gates[key] = g
  if g then openGate(g) end
  return gates[key]
end

-- sweep gives the places back of those who may not stand at a full gate, as long as they are the oldest: once in a call.
sweep = function(g)
  if g.swept or g.admitted < g.max then return end
  g.swept = true
  local before = g.admitted
  for _ = 1, BATCH do
    local oldest = redis.call('ZRANGE', g.name, 0, 0, 'BYSCORE', 'LIMIT', 0, 1)[1]
    if not oldest or lives(oldest) then break end
    redis.call('ZREM', g.name, oldest)
    g.admitted = g.admitted - 1
  end
  if g.admitted < before then openGate(g) end
end

-- holds gives a mission that runs a place, whatever the limit.
local function holds(g, id)
  local score = redis.call('ZSCORE', g.name, id)
  if score == '0' then return end
  redis.call('ZADD', g.name, 0, id)
  g.admitted = g.admitted + 1
  if score then g.waiting = g.waiting - 1 end
end

-- leaves takes a mission away from a gate, and admits others.
local function leaves(g, id)
  local score = redis.call('ZSCORE', g.name, id)
  if not score then return end
  redis.call('ZREM', g.name, id)
  if score == '0' then g.admitted = g.admitted - 1 else g.waiting = g.waiting - 1 end
  openGate(g)
end

-- passes does what a change means to the gates of its mission, and tells whether a due entry may be written, and whether it has a gate.
local function passes(key, squad, id, status, sets_due)
  if not key and not squad then return true, false end
  squads[id], touched[id] = squad, true
  local first, second = key and gateOf(key), squad and gateOf(SQUAD .. squad)
  for _, g in ipairs({first or second, first and second}) do
    if not g then break end
    if status == 'I' then
      holds(g, id)
    elseif status ~= 'Q' then
      leaves(g, id)
    elseif sets_due and not stands(g, id) then
      return false, true
    end
  end
  return true, (first or second) and true
end
