-- Tells a store that lost its state what its callers last saw of each account.
-- KEYS: epoch, then the hash of each account. ARGV: for each account what was spent, its end or '', its alerts.
-- What was spent under the new epoch stays on top: of several callers the one who saw most is right about before.
local t = redis.call('TIME')
local e = redis.call('GET', KEYS[1])
if not e then
  e = 'r' .. string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
  redis.call('SET', KEYS[1], e)
end
for i = 2, #KEYS do
  local seen, ends, alerts = tonumber(ARGV[3 * i - 5]), ARGV[3 * i - 4], ARGV[3 * i - 3]
  local h = redis.call('HMGET', KEYS[i], 'epoch', 'base', 'spent')
  if h[1] and h[1] ~= e then
    -- The account outlived its epoch: nothing of it was lost.
    redis.call('HSET', KEYS[i], 'epoch', e, 'base', h[3] or '0')
  else
    local base = tonumber(h[2] or '0')
    redis.call('HSET', KEYS[i], 'epoch', e)
    if seen > base then
      redis.call('HINCRBY', KEYS[i], 'spent', string.format('%.0f', seen - base))
      redis.call('HSET', KEYS[i], 'base', string.format('%.0f', seen))
    end
    for a in string.gmatch(alerts, '%d+') do
      if tonumber(a) <= seen then redis.call('HSETNX', KEYS[i], 't' .. a, 1) end
    end
  end
  if ends ~= '' then redis.call('PEXPIREAT', KEYS[i], string.format('%.0f', ends + 691200000)) end
end
return e
