-- Common to all operations.
-- What is used of a rate is kept, in thousandths of a unit, with the time in microseconds until which what was earned is
-- taken off. Nothing there is nothing used, so what is earned again may expire.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local argument, key = 0, 0
local function word() argument = argument + 1; return ARGV[argument] end
local function number() return tonumber(word()) end
local function name() key = key + 1; return KEYS[key] end
-- A float would be written as 1e+15; adding 0 turns -0 into 0.
local function I(x) return string.format('%.0f', x + 0) end

-- The rates of the next account, each with what is used of it now, and `more` numbers of its own.
local function rates(bucket, more)
  local list, fields = {}, {}
  for i = 1, number() do
    local r = {field = word(), limit = number(), period = number(), burst = number()}
    for k = 1, more do r[k] = number() end
    fields[2 * i - 1], fields[2 * i] = r.field .. 'u', r.field .. 't'
    list[i] = r
  end
  if #list == 0 then return list end
  local known = redis.call('HMGET', bucket, unpack(fields))
  for i, r in ipairs(list) do
    local used, since = tonumber(known[2 * i - 1] or '0'), tonumber(known[2 * i] or '0')
    local elapsed, earns = now - since, r.limit * 1000
    if used <= 0 then
      used, since = 0, now
    elseif elapsed < -1000000 then
      -- The clock was put back; it goes on from there.
      since = now
    elseif elapsed > 0 and earns > 0 then
      local earned = math.floor(elapsed * earns / r.period)
      if earned >= used then
        used, since = 0, now
      else
        used, since = used - earned, math.min(now, since + math.ceil(earned * r.period / earns))
      end
    end
    r.used, r.since, r.capacity = used, since, math.min(r.burst, r.limit) * 1000
  end
  return list
end

-- Takes units more, or gives some back. The debt ends at the limit: it is paid within a period.
local function count(r, units)
  r.used = math.max(0, math.min(r.used + units * 1000, r.capacity + r.limit * 1000))
end

local function write(bucket, list)
  local words, ms = {}, 0
  for i, r in ipairs(list) do
    local at = 4 * (i - 1)
    words[at + 1], words[at + 2], words[at + 3], words[at + 4] = r.field .. 'u', I(r.used), r.field .. 't', I(r.since)
    if r.limit > 0 then ms = math.max(ms, r.used * r.period / r.limit / 1000000) end
  end
  if #words == 0 then return end
  redis.call('HSET', bucket, unpack(words))
  redis.call('PEXPIRE', bucket, I(math.ceil(ms) + 60000))
end
