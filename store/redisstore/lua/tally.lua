-- Shared by the scripts that count the missions of each squad that have not ended; the first argument is the key prefix. The hash
-- `squads` has the counts, by status and squad, and under the empty name its mark: the id of the newest entry of the event log, and,
-- while not all missions are counted yet, a space and the last one that is, in the order of ids. A change of a mission writes an entry
-- of the log, and whoever counts the change writes its id. So a mark that names another entry says that a change was not counted: a
-- commander of before there were counts made it, or half a transaction was carried out (ADR 17).
local COUNTS, EVENTS = ARGV[1] .. 'squads', ARGV[1] .. 'events'
local UNENDED = {'S', 'Q', 'I'}
local FIRST_ENTRY = '0-0' -- stands for the newest one where there is none
local LEAST = string.rep('\0', 16)

-- newest is the id of the newest entry. What is counted follows it if counting; last is the last mission that is counted, nil for all.
local newest, counting, last
do
  local entry = redis.call('XREVRANGE', EVENTS, '+', '-', 'COUNT', 1)[1]
  newest = entry and entry[1] or FIRST_ENTRY
  local mark = redis.pcall('HGET', COUNTS, '') or FIRST_ENTRY
  if type(mark) ~= 'string' then mark = '' end -- somebody's hand made another type of it, which is in nobody's way
  local space = string.find(mark, ' ', 1, true)
  counting = (space and string.sub(mark, 1, space - 1) or mark) == newest
  if counting and space then last = string.sub(mark, space + 1) end
end

-- later tells whether an id is behind another one. Numbers stand for them, since Lua compares texts as the server's locale has it. Only
-- somebody's hand puts a shorter one into an index: zeros make up for what it lacks.
local function later(id, than)
  local a, b, c = struct.unpack('>I6I6I4', id .. LEAST)
  local x, y, z = struct.unpack('>I6I6I4', than .. LEAST)
  if a ~= x then return a > x end
  if b ~= y then return b > y end
  return c > z
end

-- moves are what is to be added to the counts, by status and squad.
local moves = {S = {}, Q = {}, I = {}}

-- tally adds it, and writes the mark. In one command, so that no half of it is ever carried out; a count of 0 is none.
local function tally(mark)
  local fields, more, set, gone = {}, {}, {'', mark}, {}
  for status, of in pairs(moves) do
    for squad, n in pairs(of) do
      local size = #fields
      if n ~= 0 then fields[size + 1], more[size + 1] = status .. squad, n end
    end
  end
  local had = #fields > 0 and redis.call('HMGET', COUNTS, unpack(fields))
  for i, field in ipairs(fields) do
    local n = (tonumber(had[i]) or 0) + more[i]
    if n == 0 then
      gone[#gone + 1] = field
    else
      local size = #set
      set[size + 1], set[size + 2] = field, string.format('%.0f', n)
    end
  end
  redis.call('HSET', COUNTS, unpack(set))
  if #gone > 0 then redis.call('HDEL', COUNTS, unpack(gone)) end
end

-- counted returns all counts, field after field, and nothing where they are not known: what was not counted, can't be read, or does not
-- add up to the sizes of the statuses' indexes, as after somebody's hand.
local function counted()
  if not counting or last then return end
  local all, sums = redis.call('HGETALL', COUNTS), {S = 0, Q = 0, I = 0}
  for i = 1, #all, 2 do
    local status = string.sub(all[i], 1, 1)
    if status ~= '' then
      if not sums[status] or not string.find(all[i + 1], '^[1-9]%d*$') then return end
      sums[status] = sums[status] + tonumber(all[i + 1])
    end
  end
  for _, status in ipairs(UNENDED) do
    if sums[status] ~= redis.call('ZCARD', ARGV[1] .. 'st:' .. status) then return end
  end
  return all
end
