-- KEYS, behind row.lua's: the mission of each entry.  ARGV, behind the prefix: Dispatch (8 bytes) and shelf of each entry.
local rows, changed = {}, {}
for i, v in ipairs(fetch(KEYS, 3, #KEYS)) do rows[KEYS[i + 2]] = v or nil end
for i = 3, #KEYS do
  local key, entry = KEYS[i], ARGV[i - 1]
  local v = rows[key]
  if v and string.sub(v, 10, 17) == string.sub(entry, 1, 8) then
    local id, shelf = string.sub(key, -16), string.sub(entry, 9)
    if string.sub(v, 18, 18) ~= 'Q' then shelf = '' end
    v = placed(v, NONE, shelf)
    rows[key], changed[#changed + 1], changed[#changed + 2] = v, key, v
    many('ZREM', DUE, id)
    if shelf ~= '' then many('ZADD', PREFIX .. 'sh:' .. shelf, ms, id) end
  end
end
if #changed > 0 then redis.call('MSET', unpack(changed)) end
send()
return 1
