sweep(200)
local st = redis.call('HGET', rec, 'st')
if st == 'done' then return answer(2) end
local actual = tonumber(ARGV[4])
for k = 1, n do
  local x = st and redis.call('HGET', rec, 'x' .. B(k))
  if x then
    redis.call('HINCRBY', B(k), 'spent', I(actual - tonumber(x)))
    redis.call('HINCRBY', B(k), 'orphan', I(0 - tonumber(x)))
  else
    redis.call('HINCRBY', B(k), 'spent', I(actual))
    if st then
      redis.call('HINCRBY', B(k), 'resv', I(0 - tonumber(arg(k, 3))))
      redis.call('ZREM', Z(k), member(k))
    end
  end
  keep_account(k)
end
redis.call('DEL', rec)
redis.call('HSET', rec, 'st', 'done')
redis.call('PEXPIRE', rec, ARGV[3])
return answer(1)
