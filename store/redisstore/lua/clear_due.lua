-- KEYS, behind row.lua's: the mission of each entry.  ARGV, behind the prefix: Dispatch (8 bytes) and shelf of each entry.
local seen = {}
for i, v in ipairs(fetch(KEYS, 3, #KEYS)) do
  local key, entry = KEYS[i + 2], ARGV[i + 1]
  local dispatch, shelf = string.sub(entry, 1, 8), string.sub(entry, 9)
  if v and string.sub(v, 10, 17) == dispatch and not seen[key] then
    local id = string.sub(key, -16)
    if string.sub(v, 18, 18) ~= 'Q' then shelf = '' end
    put(key, placed(v, NONE, shelf))
    push(sets.ZREM, 'due', id)
    if shelf ~= '' then push(sets.ZADD, 'sh:' .. shelf, ms, id) end
    seen[key] = true
  end
end
write()
return 1
