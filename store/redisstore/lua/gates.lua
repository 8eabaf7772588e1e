-- Shared by the scripts that admit missions of a concurrency key, behind row.lua: see store.Gates. What is written here is written
-- at once, so that each change of a call finds the gate as those before it left it.
local BATCH = 100 -- store.GateBatch
local gates, opened = {}, false

-- nextStart takes a start of the gate's rate; or returns when there will be one.
local function nextStart(g)
  if not g.share then return end
  local key = PREFIX .. 'starts:' .. g.key
  local back = math.max(ms, tonumber(redis.call('GET', key) or '0'))
  if back - ms > g.period - g.share + 0.01 then return math.ceil(back - g.period + g.share) end
  back = back + g.share
  redis.call('SET', key, string.format('%.3f', back), 'PX', math.max(1, math.ceil(back - ms)))
end

-- wakeGate has take_due.lua look at the gate then; never, where there is no time.
local function wakeGate(g, at)
  if at then redis.call('ZADD', PREFIX .. 'gates', string.format('%.0f', at), g.key) else redis.call('ZREM', PREFIX .. 'gates', g.key) end
end

-- openGate admits those who wait, as far as the limit allows and one call may.
local function openGate(g)
  local n, wake = math.min(g.waiting, g.max - g.admitted, BATCH), nil
  local ids = n > 0 and redis.call('ZRANGE', g.name, 1, '+inf', 'BYSCORE', 'LIMIT', 0, n) or {}
  for _, id in ipairs(ids) do
    wake = nextStart(g)
    if wake then break end
    redis.call('ZADD', g.name, 0, id)
    redis.call('ZADD', DUE, 0, id)
    g.admitted, g.waiting, opened = g.admitted + 1, g.waiting - 1, true
  end
  if not wake and g.waiting > 0 and g.admitted < g.max then wake = ms end
  wakeGate(g, wake)
end

-- gateOf returns the gate of a key as it is now: whoever can be admitted is.
local function gateOf(key)
  local g = gates[key]
  if g then return g end
  g = {key = key, name = PREFIX .. 'g:' .. key, max = 1}
  local kept = redis.call('HGET', PREFIX .. 'd:limits', key)
  if kept then
    local limit = cjson.decode(string.sub(kept, 9))
    g.max = limit.max_running
    if limit.rate then
      g.period = limit.rate.period_seconds * 1000
      g.share = g.period / limit.rate.starts
    end
  end
  g.admitted = redis.call('ZCOUNT', g.name, 0, 0)
  g.waiting = redis.call('ZCARD', g.name) - g.admitted
  gates[key] = g
  openGate(g)
  return g
end

-- gateKey returns the concurrency key of a mission, if it has one, from what creation fixed: where that begins in a row, and in what
-- a creation writes, is known.
local function gateKey(v, at)
  local fixed, name = struct.unpack('>I4I4', v, at)
  local p = at + 8 + name
  if fixed <= 4 + name or string.byte(v, p) ~= 64 then return end -- gateTag
  local size = string.byte(v, p + 1)
  if size < 128 then return string.sub(v, p + 2, p + 1 + size) end
  size = size - 128 + 128 * string.byte(v, p + 2)
  return string.sub(v, p + 3, p + 2 + size)
end

-- passes does what a change means to the gate of its mission, and tells whether a due entry may be written.
local function passes(key, id, status, sets_due)
  local g = gateOf(key)
  local score = redis.call('ZSCORE', g.name, id)
  local admitted = score == '0'
  if status == 'I' then
    if not admitted then
      redis.call('ZADD', g.name, 0, id)
      g.admitted = g.admitted + 1
      if score then g.waiting = g.waiting - 1 end
    end
  elseif status ~= 'Q' then
    if score then
      redis.call('ZREM', g.name, id)
      if admitted then g.admitted = g.admitted - 1 else g.waiting = g.waiting - 1 end
      openGate(g)
    end
  elseif sets_due and not admitted then
    if score then return false end
    local wake = nil
    if g.waiting == 0 and g.admitted < g.max then
      wake = nextStart(g)
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
  return true
end
