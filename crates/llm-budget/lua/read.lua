sweep(20000)
return answer(1)
