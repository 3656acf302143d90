local hard = false
for k = 1, n do hard = hard or (arg(k, 1) ~= '' and arg(k, 2) == '1') end
if hard and string.sub(known, 1, 1) == 'r' and now < tonumber(string.sub(known, 2)) + tonumber(ARGV[7]) then
  return {-4, 0, '0', '0', {}, {}}
end
sweep(200)
local st = redis.call('HGET', rec, 'st')
if st == 'done' then return answer(3) end
if st then return answer(2) end
for k = 1, n do
  if arg(k, 1) ~= '' then
    local limit, amount = tonumber(arg(k, 1)), tonumber(arg(k, 3))
    local h = redis.call('HMGET', B(k), 'spent', 'resv')
    local spent, resv = tonumber(h[1] or '0'), tonumber(h[2] or '0')
    if arg(k, 2) == '1' then
      -- A sum over 2^53 would be rounded; differences below it are exact.
      if amount > limit - spent - resv then return answer(0, k, I(limit - spent - resv), I(resv)) end
    elseif spent >= limit then
      return answer(0, k, I(limit - spent), I(resv))
    end
  end
end
hold('0')
return answer(1)
