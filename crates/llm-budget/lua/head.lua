-- Common to all operations.
-- KEYS: epoch, record, then of each account its hash and its leases.
-- ARGV: id, lease ms, how long a settled record is remembered ms, the operation's amount, the epoch that the caller knows,
--       what record keys begin with, milliseconds of rebuilding, then of each account: limit or '', 1 for hard, amount,
--       end ms or '', alerts with commas.
-- Answer: code, number of an account, two amounts, spent and reserved of each account, crossed alerts as pairs.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local epoch, rec, id = KEYS[1], KEYS[2], ARGV[1]
local n = (#KEYS - 2) / 2
-- A float would be written as 1e+15; adding 0 turns -0 into 0.
local function I(x) return string.format('%.0f', x + 0) end
local function B(i) return KEYS[1 + 2 * i] end
local function Z(i) return KEYS[2 + 2 * i] end
local function arg(i, k) return ARGV[7 + 5 * (i - 1) + k] end
local function member(i) return I(tonumber(arg(i, 3))) .. '|' .. id end

local function answer(code, i, left, held)
  local sums, crossed = {}, {}
  for k = 1, n do
    local h = redis.call('HMGET', B(k), 'spent', 'resv', 'orphan')
    local spent = tonumber(h[1] or '0')
    sums[#sums + 1] = h[1] or '0'
    sums[#sums + 1] = h[2] or '0'
    sums[#sums + 1] = h[3] or '0'
    for a in string.gmatch(arg(k, 5) or '', '%d+') do
      if spent >= tonumber(a) and redis.call('HSETNX', B(k), 't' .. a, 1) == 1 then
        crossed[#crossed + 1] = tostring(k)
        crossed[#crossed + 1] = a
      end
    end
  end
  return {code, i or 0, left or '0', held or '0', sums, crossed}
end

-- Until when leases count as run out. Where nobody was served for ten seconds, nobody could keep what is at work either:
-- what ran out meanwhile has six seconds to be kept again, which is longer than its callers take to find the way back.
local function due()
  local key = epoch .. ':seen'
  local seen = redis.call('HMGET', key, 'at', 'wait', 'upto')
  local at, wait, upto = tonumber(seen[1] or I(now)), tonumber(seen[2] or '0'), tonumber(seen[3] or '0')
  if now - at > 10000 then
    wait, upto = now + 6000, at
    redis.call('HSET', key, 'wait', I(wait), 'upto', I(upto))
  end
  redis.call('HSET', key, 'at', I(now))
  return now < wait and upto or now
end

-- What ran out is charged as observed: at most so many at a time, because nobody else is served meanwhile.
local function sweep(most)
  local upto = I(due())
  for k = 1, n do
    for _, m in ipairs(redis.call('ZRANGEBYSCORE', Z(k), '-inf', upto, 'LIMIT', 0, most)) do
      local p = string.find(m, '|', 1, true)
      local amount = tonumber(string.sub(m, 1, p - 1))
      local other = ARGV[6] .. string.sub(m, p + 1)
      local observed = tonumber(redis.call('HGET', other, 'obs') or '0')
      redis.call('HINCRBY', B(k), 'resv', I(0 - amount))
      redis.call('HINCRBY', B(k), 'spent', I(observed))
      redis.call('HINCRBY', B(k), 'orphan', I(observed))
      if redis.call('EXISTS', other) == 1 then redis.call('HSET', other, 'x' .. B(k), I(observed)) end
      redis.call('ZREM', Z(k), m)
    end
  end
end

local function keep_account(k)
  redis.call('HSETNX', B(k), 'epoch', ARGV[5])
  local ends = arg(k, 4)
  if ends ~= '' then
    -- Eight days after its window, so that late settlements find it.
    redis.call('PEXPIREAT', B(k), I(ends + 691200000))
    redis.call('PEXPIREAT', Z(k), I(ends + 691200000))
  end
end

local function hold(observed)
  redis.call('HSET', rec, 'st', 'held', 'obs', observed)
  -- A day is more than any call takes.
  redis.call('PEXPIRE', rec, 86400000)
  for k = 1, n do
    redis.call('HINCRBY', B(k), 'resv', I(tonumber(arg(k, 3))))
    redis.call('ZADD', Z(k), now + tonumber(ARGV[2]), member(k))
    keep_account(k)
  end
end

-- Whoever knows another epoch, or finds none, has to tell what it knows before anything else.
local known = redis.call('GET', epoch)
if known ~= ARGV[5] then return {-3, 0, known or '', '0', {}, {}} end
