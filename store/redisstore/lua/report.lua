#!lua
-- Adds what handlers reported.  KEYS: of each report the mission and what was reported of it.  ARGV: how many lines, and how many
-- bytes of them, a mission keeps; then of each report: run, seq, before, 8 bytes each, and percent, one, 255 for none; the
-- progress' text; the lines as they are kept, but for their numbers, each behind its length. See telemetry.go.
local LINES, BYTES, HEAD, HEAD_BYTES, NONE = tonumber(ARGV[1]), tonumber(ARGV[2]), '>I8I8I8I8I8I1', 41, 255
local first = 3
for i = 1, #KEYS, 2 do
  local mission, key = KEYS[i], KEYS[i + 1]
  local run, seq, before, percent = struct.unpack('>I8I8I8I1', ARGV[first])
  local text, list = ARGV[first + 1], ARGV[first + 2]
  first = first + 3
  local head = redis.call('LINDEX', key, 0)
  local last, bytes, ran, heard, said, before_percent = 0, 0, 0, 0, 0, 0
  local before_text = ''
  if head then
    last, bytes, ran, heard, said, before_percent = struct.unpack(HEAD, head)
    before_text = string.sub(head, HEAD_BYTES + 1)
  end
  if run > ran then ran, heard, said, before_percent, before_text = run, 0, 0, 0, '' end
  if run == ran and seq > heard and redis.call('EXISTS', mission) == 1 then
    if percent == NONE then percent, text = before_percent, before_text end
    last = last + math.max(0, before - said)
    local known = math.max(0, said - before)
    said = math.max(said, before)
    local lines, p, line = {}, 1, nil
    while p <= #list do
      line, p = struct.unpack('>I4c0', list, p)
      if known > 0 then
        known = known - 1
      else
        last, said = last + 1, said + 1
        line = struct.pack('>I8', last) .. line
        bytes = bytes + #line
        lines[#lines + 1] = line
      end
    end
    if head then redis.call('LPOP', key) end
    if #lines > 0 then
      local count = redis.call('RPUSH', key, unpack(lines))
      while count > LINES or bytes > BYTES do
        bytes = bytes - #redis.call('LPOP', key)
        count = count - 1
      end
    end
    redis.call('LPUSH', key, struct.pack(HEAD, last, bytes, ran, seq, said, percent) .. text)
  end
end
return {}
