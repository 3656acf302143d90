sweep(200)
local st = redis.call('HGET', rec, 'st')
if st == 'done' then return answer(3) end
if not st then
  hold(ARGV[4])
  return answer(1)
end
for k = 1, n do
  local x = redis.call('HGET', rec, 'x' .. B(k))
  if x then
    redis.call('HINCRBY', B(k), 'spent', I(0 - tonumber(x)))
    redis.call('HINCRBY', B(k), 'orphan', I(0 - tonumber(x)))
    redis.call('HINCRBY', B(k), 'resv', I(tonumber(arg(k, 3))))
    redis.call('HDEL', rec, 'x' .. B(k))
  end
  redis.call('ZADD', Z(k), now + tonumber(ARGV[2]), member(k))
end
if tonumber(redis.call('HGET', rec, 'obs')) < tonumber(ARGV[4]) then redis.call('HSET', rec, 'obs', ARGV[4]) end
redis.call('PEXPIRE', rec, 86400000)
return answer(1)
